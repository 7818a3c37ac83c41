package keeper

import (
	"context"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Kill ends the shim, and with it its sandboxes, and waits until it is gone.
func (k *Keeper) Kill(ctx context.Context) error {
	if err := unix.PidfdSendSignal(k.FD, unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
		return glovebox.Errorf(glovebox.KindInternal, "kill the shim with pid %d: %w", k.PID, err)
	}
	return k.Gone(ctx)
}

// Gone waits until the shim has ended; KindUnavailable if it has not when ctx
// ends.
func (k *Keeper) Gone(ctx context.Context) error {
	for {
		fds := []unix.PollFd{{Fd: int32(k.FD), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, 10); n > 0 || (err != nil && err != unix.EINTR) {
			return nil
		}
		if ctx.Err() != nil {
			return glovebox.Errorf(glovebox.KindUnavailable, "the shim with pid %d does not end", k.PID)
		}
	}
}

// Pidfd returns another descriptor of the shim's process; the caller closes it.
func (k *Keeper) Pidfd() (int, error) {
	fd, err := unix.FcntlInt(uintptr(k.FD), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return -1, glovebox.Errorf(glovebox.KindInternal, "keep hold of the shim's process: %w", err)
	}
	return fd, nil
}

// Close lets go. A shim that k attends to ends with it.
func (k *Keeper) Close() {
	k.conn.Close()
	if k.FD >= 0 {
		unix.Close(k.FD)
		k.FD = -1
	}
}
