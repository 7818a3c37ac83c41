package containerd

import "golang.org/x/sys/unix"

// full says whether the writable layer of a runc sandbox, which is a tmpfs, has
// no byte or no file left. gVisor keeps these bounds itself, and its shim tells.
func full(dir string) bool {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil || st.Type != unix.TMPFS_MAGIC {
		return false // not mounted (any more)
	}
	return st.Bfree == 0 || st.Ffree == 0
}
