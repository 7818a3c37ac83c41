package agent

import (
	"errors"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	maxMove   = 1 << 20  // bytes taken from a FIFO at one time
	trashSize = 64 << 10 // buffer for what is thrown away
)

// pump starts to move what the command writes into the spools. The bytes go
// from the pipe to the file inside the kernel, so a kill -9 of the agent finds
// each of them in one or the other.
func (o *output) pump() error {
	for i, f := range o.fifos {
		if f == nil {
			return onDisk("open the command's output", fs.ErrNotExist)
		}
		rc, err := f.SyscallConn() // not Fd, which would make it block
		if err != nil {
			return onDisk("open the command's output", err)
		}
		// A larger pipe means fewer turns; the kernel may say no.
		_ = rc.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
		if o.poll > 0 {
			rc = &polled{rc, o.poll, &o.until}
		}
		o.pumps.Go(func() { o.drain(rc, o.spools[i]) })
	}
	return nil
}

// drain moves bytes until the end or the reader's deadline.
func (o *output) drain(rc syscall.RawConn, s *spool) {
	for {
		var n int
		var err error
		waitErr := rc.Read(func(fd uintptr) bool {
			n, err = o.take(s, int(fd))
			return !errors.Is(err, unix.EAGAIN)
		})
		if waitErr != nil || err != nil || n == 0 {
			return
		}
		o.notify()
	}
}

// take moves once: into the spool while there is room under the cap, and away
// after. It returns 0 at the end.
func (o *output) take(s *spool, fd int) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if room := o.cap - o.used; room > 0 && !o.cut {
		n, err := s.fill(fd, int(min(room, maxMove)))
		o.used += int64(n)
		if err == nil || errors.Is(err, unix.EAGAIN) {
			return n, err
		}
		o.err = err
		o.discarded(s)
	}
	if o.trash == nil {
		o.trash = make([]byte, trashSize)
	}
	n, err := retry(func() (int, error) { return unix.Read(fd, o.trash) })
	if n > 0 {
		o.discarded(s)
	}
	return n, err
}

// discarded notes that something of s was thrown away.
func (o *output) discarded(s *spool) {
	if !o.cut {
		o.cut = true
		close(o.cutOff)
	}
	if !s.marked {
		s.marked = true
		_ = s.append(o.mark()) // the cut is reported in any case
	}
}

// retry repeats a call that a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return max(n, 0), err
		}
	}
}
