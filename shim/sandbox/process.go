package sandbox

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// process watches the sentry through a pidfd: waiting costs no thread, and a
// signal can never hit another process that got the same number.
type process struct {
	pid int
	fd  *os.File
}

func watch(pid int) (*process, error) {
	// Non-blocking, so that Go's poller takes it.
	fd, err := unix.PidfdOpen(pid, unix.O_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	return &process{pid: pid, fd: os.NewFile(uintptr(fd), "pidfd")}, nil
}

// wait returns when the process, and with it every process in its pid
// namespace, has ended. It does not reap.
func (p *process) wait() error {
	conn, err := p.fd.SyscallConn()
	if err != nil {
		return err
	}
	return conn.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 0)
		return n > 0 || (err != nil && err != unix.EINTR)
	})
}

func (p *process) signal(sig unix.Signal) error {
	conn, err := p.fd.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	if err := conn.Control(func(fd uintptr) { sent = unix.PidfdSendSignal(int(fd), sig, nil, 0) }); err != nil {
		return err
	}
	if sent == unix.ESRCH {
		return nil
	}
	return sent
}

func (p *process) kill() error {
	if err := p.signal(unix.SIGKILL); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// reap takes the status of a process that has ended off the kernel's hands.
func (p *process) reap() (ws unix.WaitStatus, err error) {
	p.fd.Close()
	for {
		_, err = unix.Wait4(p.pid, &ws, 0, nil)
		if err != unix.EINTR {
			return ws, os.NewSyscallError("wait4", err)
		}
	}
}
