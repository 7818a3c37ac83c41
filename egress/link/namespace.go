package link

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// inside calls do on a thread that is in the network namespace ns, and in
// nothing else of it. The thread is given up afterwards: one that has been in a
// sandbox's network is not worth the risk that it did not come back.
func inside(ns *os.File, do func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("setns", err)
		}
		return do()
	})
}

// onThread calls do on a thread that ends with it.
func onThread(do func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		done <- do()
	}()
	return <-done
}

// newNamespace makes a network namespace, has setup called in it, and mounts it
// at path, a file that is made for it. The error is os.ErrExist if there is such
// a file.
func newNamespace(path string, setup func() error) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o400)
	if err != nil {
		return nil, err
	}
	f.Close()
	err = onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("unshare", err)
		}
		if err := setup(); err != nil {
			return err
		}
		return os.NewSyscallError("mount", unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, ""))
	})
	if err == nil {
		return openNamespace(path)
	}
	return nil, errors.Join(err, dropNamespace(path))
}

// openNamespace opens the namespace that is mounted at path; os.ErrNotExist if
// there is none, also if the file is there and nothing is mounted.
func openNamespace(path string) (*os.File, error) {
	if !isNamespace(path) {
		return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
	}
	return os.Open(path)
}

// dropNamespace takes the mounts and the file at path away, if there are any.
// Unlinking also takes it from mount namespaces that copied ours.
func dropNamespace(path string) error {
	for isMount(path) {
		if err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return os.NewSyscallError("umount", err)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func isNamespace(path string) bool {
	var st unix.Statfs_t
	return isMount(path) && unix.Statfs(path, &st) == nil && st.Type == unix.NSFS_MAGIC
}

func isMount(path string) bool {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW|unix.AT_STATX_DONT_SYNC, unix.STATX_TYPE, &st)
	return err == nil && st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}

// makePrivate makes dir a mount that nothing propagates to or from.
func makePrivate(dir string) error {
	if !isMount(dir) {
		if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
			return os.NewSyscallError("mount", err)
		}
	}
	return os.NewSyscallError("mount", unix.Mount("", dir, "", unix.MS_PRIVATE, ""))
}
