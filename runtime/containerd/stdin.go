package containerd

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"golang.org/x/sys/unix"

	"glovebox"
)

// A shim keeps a stdin FIFO open for writing, because one without a writer
// reads as ended; so its job never sees the end until the shim is told, and
// telling it before the agent has opened the FIFO would end it at once. So the
// shim gets a FIFO of ours, and a relay copies into it from the agent's until
// that ends, and then tells the shim. The relay ends with this process, as the
// agent's end of the FIFO does; a later process tells the shim.

// relay is the copying for one sandbox.
type relay struct {
	from *os.File
	done chan struct{}
}

func (r *Runtime) stdinFIFO(id string) string { return r.dir(id, "stdin") }

// openStdin makes the FIFO for the shim and starts to wait for the agent's
// writer, who may come before or after the shim.
func (r *Runtime) openStdin(id, path string) (string, error) {
	from, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindStart, "open stdin: %w", err)
	}
	if err := syscall.Mkfifo(r.stdinFIFO(id), 0o600); err != nil {
		from.Close()
		return "", glovebox.Errorf(glovebox.KindStart, "make a FIFO for stdin: %w", err)
	}
	l := &relay{from: from, done: make(chan struct{})}
	r.mu.Lock()
	r.relays[id] = l
	r.mu.Unlock()
	return r.stdinFIFO(id), nil
}

// startStdin copies from when the shim has opened its end.
func (r *Runtime) startStdin(id string) error {
	r.mu.Lock()
	l := r.relays[id]
	r.mu.Unlock()
	if l == nil {
		return nil
	}
	// Not-blocking, so that a shim that went away is an error here and not a
	// thread that waits for ever.
	to, err := os.OpenFile(r.stdinFIFO(id), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		close(l.done)
		return glovebox.Errorf(glovebox.KindStart, "open stdin of the job: %w", err)
	}
	go func() {
		defer close(l.done)
		err := firstWriter(l.from)
		if err == nil {
			_, err = io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{l.from})
		}
		to.Close()
		l.from.Close()
		if err == nil {
			r.closeStdin(id)
		}
	}()
	return nil
}

// firstWriter waits until somebody has opened the FIFO for writing. Reading
// before that would look like the end.
func firstWriter(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	// Asked of the kernel and not of Go's poller, which may have had its event
	// already. In turns, so that closing the file ends it.
	for n := 0; n == 0 && err == nil; {
		ctl := raw.Control(func(fd uintptr) {
			n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 100)
		})
		if errors.Is(err, unix.EINTR) {
			n, err = 0, nil
		}
		err = errors.Join(err, ctl)
	}
	return err
}

// closeStdin tells the shim to let the job see the end.
func (r *Runtime) closeStdin(id string) {
	_ = r.call(r.ctx, patience, func(ctx context.Context) error {
		_, err := r.tasks.CloseIO(ctx, &tasks.CloseIORequest{ContainerID: id, Stdin: true})
		return err
	})
}

// dropStdin ends the relay of a sandbox that is being destroyed.
func (r *Runtime) dropStdin(id string) {
	r.mu.Lock()
	l := r.relays[id]
	delete(r.relays, id)
	r.mu.Unlock()
	if l != nil {
		l.from.Close()
	}
}

// orphanStdin tells the shim of the end if an earlier process fed the job.
func (r *Runtime) orphanStdin(rec record) {
	r.mu.Lock()
	l := r.relays[rec.ID]
	r.mu.Unlock()
	if l == nil && rec.Stdin {
		go r.closeStdin(rec.ID)
	}
}
