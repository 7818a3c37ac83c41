package launch

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
)

// scaffold is where the new root is put together. The mount namespace is this
// process's own, so nobody else sees it there.
const scaffold = "/tmp"

const noSuidDevExec = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC

// sentryPath is where the program is found from inside, and gives the process
// its name. It is gone with /proc.
const sentryPath = "/proc/glovebox-boot"

// makeRoot makes an empty, read-only root with a small /proc, by which the open
// file program can be reached, and enters it; the host's file systems are gone
// then. gVisor says why /proc is not simply mounted: parts of it may be
// covered, and what is there must not depend on it.
func makeRoot(program int) error {
	// Nothing done here may reach the host's mounts.
	if err := mount("", "/", "", syscall.MS_SLAVE|syscall.MS_REC); err != nil {
		return err
	}
	if err := enterTmpfs(scaffold); err != nil {
		return err
	}
	if err := os.Mkdir("etc", 0o755); err != nil {
		return err
	}
	_ = copyFile("etc/localtime", "/etc/localtime") // without it, it is UTC
	if err := makeProc(program); err != nil {
		return err
	}
	if err := mount("", ".", "", syscall.MS_REMOUNT|syscall.MS_RDONLY|syscall.MS_BIND); err != nil {
		return err
	}
	// The new root goes to "/" and the old one on top of it, to be taken off.
	if err := syscall.PivotRoot(".", "."); err != nil {
		return os.NewSyscallError("pivot_root", err)
	}
	return os.NewSyscallError("umount the host's root", syscall.Unmount(".", syscall.MNT_DETACH))
}

// enterTmpfs mounts an empty tmpfs on a directory that is no symbolic link and
// makes it the working directory.
func enterTmpfs(dir string) error {
	const oPath = 0x200000 // O_PATH
	fd, err := syscall.Open(dir, oPath|syscall.O_NOFOLLOW|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer syscall.Close(fd)
	if err := mount("runsc-root", "/proc/self/fd/"+strconv.Itoa(fd), "tmpfs", noSuidDevExec); err != nil {
		return err
	}
	return os.Chdir(dir)
}

// makeProc makes what the sentry needs of /proc until it has its filters.
func makeProc(program int) error {
	if err := os.Mkdir("proc", 0o755); err != nil {
		return err
	}
	if err := mount("runsc-proc", "proc", "tmpfs", noSuidDevExec); err != nil {
		return err
	}
	const instance = "sandbox-proc"
	for _, dir := range []string{"proc/" + instance, "proc/sys", "proc/sys/kernel", "proc/sys/vm"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	if err := mountProc("proc/" + instance); err != nil {
		return err
	}
	for _, file := range []string{"proc/sys/vm/mmap_min_addr", "proc/sys/kernel/cap_last_cap"} {
		if err := copyFile(file, "/"+file); err != nil {
			return err
		}
	}
	for link, to := range map[string]string{
		"proc/self": "self", "proc/cpuinfo": "cpuinfo", sentryPath[1:]: "self/fd/" + strconv.Itoa(program),
	} {
		if err := os.Symlink(instance+"/"+to, link); err != nil {
			return err
		}
	}
	return os.Chmod("proc", 0o111)
}

// mountProc mounts a new instance, or where the kernel does not allow that the
// host's.
func mountProc(dir string) error {
	err := mount("proc", dir, "proc", noSuidDevExec|syscall.MS_RDONLY)
	if err == nil {
		return nil
	}
	if bind := mount("/proc", dir, "", syscall.MS_BIND|syscall.MS_REC|noSuidDevExec|syscall.MS_RDONLY); bind != nil {
		return fmt.Errorf("%w, after %w", bind, err)
	}
	return nil
}

func mount(source, target, kind string, flags uintptr) error {
	if err := syscall.Mount(source, target, kind, flags, ""); err != nil {
		return &os.PathError{Op: "mount", Path: target, Err: err}
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o666)
}
