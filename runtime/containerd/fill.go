package containerd

import (
	"io/fs"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"glovebox"
)

// scratchFull says whether the writable layer has no byte or no file left.
func (r *Runtime) scratchFull(rec record) bool {
	dir := r.dir(rec.ID, scratchDir)
	if rec.Runtime == glovebox.RuntimeRunc {
		var st unix.Statfs_t
		if err := unix.Statfs(dir, &st); err != nil || st.Type != unix.TMPFS_MAGIC {
			return false
		}
		return st.Bfree == 0 || st.Ffree == 0
	}
	return blocks(dir) >= rec.Limits.Disk
}

// blocks is how many bytes the files below dir take on disk.
func blocks(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				n += st.Blocks * 512
			}
		}
		return nil
	})
	return n
}
