package supervise

import (
	"context"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Adopted is a process that is not this one's child. It is a group of its own,
// as are all that a supervisor starts.
type Adopted struct {
	PID int
	FD  int // pidfd, non-blocking; it is taken over
}

// adopt asks for a process to go on with, and watches it: nobody but its
// parent, which has gone, can learn how it ends.
func (r *runner) adopt() (*process, error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.config.StartLimit)
	defer cancel()
	if err := syscall.SetNonblock(int(r.pipe.w.Fd()), false); err != nil { // as spawner has it
		return nil, err
	}
	a, err := r.child.Adopt(ctx, r.pipe.w)
	if a == nil || err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(a.FD), "pidfd")
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, glovebox.Errorf(glovebox.KindInternal, "watch %s: %w", r.child.Name, err)
	}
	end := make(chan string, 1)
	go func() {
		_ = conn.Read(func(fd uintptr) bool {
			fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			n, err := unix.Poll(fds, 0)
			return n > 0 || (err != nil && err != unix.EINTR)
		})
		end <- "nobody was told how"
	}()
	go func() { <-r.done; file.Close() }() // also ends the wait above
	return &process{pid: a.PID, end: end, signal: func(sig syscall.Signal, group bool) {
		// Through the descriptor, so that no other process of that number is
		// hit; its group is still its own while it lives.
		if unix.PidfdSendSignal(a.FD, sig, nil, 0) == nil && group {
			_ = syscall.Kill(-a.PID, sig)
		}
	}}, nil
}
