package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// spawner starts processes from one OS thread that lives as long as itself. The
// kernel ties the parent-death signal to the thread that forked: were it one of
// Go's ordinary threads, a child could be killed when the Go runtime lets that
// thread go.
type spawner struct {
	calls chan func()
}

// newSpawner starts the thread. What prepare does to it (it is locked) is
// inherited by every child and by nothing else.
func newSpawner(prepare func() error) (*spawner, error) {
	s := &spawner{calls: make(chan func())}
	prepared := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		err := prepare()
		prepared <- err
		if err != nil {
			return
		}
		for call := range s.calls {
			call()
		}
	}()
	if err := <-prepared; err != nil {
		return nil, err
	}
	return s, nil
}

// close ends the thread, and so every child that is left.
func (s *spawner) close() { close(s.calls) }

// start forks and executes; the child is in a process group of its own.
func (s *spawner) start(c Child, files map[string]*os.File, output *os.File) (pid int, err error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	// Go opens pipes non-blocking, which children do not expect.
	if err := syscall.SetNonblock(int(output.Fd()), false); err != nil {
		return 0, err
	}
	env, fds := passFiles(c.Env, files)
	attr := &syscall.ProcAttr{
		Dir:   c.dir(),
		Env:   env,
		Files: append([]uintptr{null.Fd(), output.Fd(), output.Fd()}, fds...),
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	}
	if c.UID != 0 {
		attr.Sys.Credential = &syscall.Credential{Uid: uint32(c.UID), Gid: uint32(c.UID)}
	}
	path, argv := c.Path, append([]string{filepath.Base(c.Path)}, c.Args...)
	if c.Binary != nil {
		// A descriptor above those that the child's own are copied to.
		fd, err := unix.FcntlInt(c.Binary.Fd(), unix.F_DUPFD_CLOEXEC, 100)
		if err != nil {
			return 0, fmt.Errorf("keep the program open: %w", err)
		}
		defer unix.Close(fd)
		path = "/proc/self/fd/" + strconv.Itoa(fd)
	}
	done := make(chan struct{})
	s.calls <- func() {
		defer close(done)
		pid, err = syscall.ForkExec(path, argv, attr)
	}
	<-done
	return pid, err
}

// plain gives children an ordinary umask, whatever the caller's shell has:
// containerd's layers would be unreadable inside sandboxes with a strict one.
func plain() error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("give the thread a umask of its own: %w", err)
	}
	unix.Umask(0o022)
	return nil
}

// sealed makes a thread whose children can never be more than their user. The
// thread itself keeps what it needs to change to that user.
func sealed() error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("give the thread a umask of its own: %w", err)
	}
	unix.Umask(0o077)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("clear ambient capabilities: %w", err)
	}
	for c := uintptr(0); c <= 63; c++ {
		// EINVAL: past the last capability that this kernel has.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && err != unix.EINVAL {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	return nil
}
