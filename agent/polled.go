package agent

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// firstPoll is the shortest time between two looks; it doubles up to
// Config.Poll.
const firstPoll = time.Millisecond

// polled is a pipe at which one looks from time to time, in place of waiting
// for the kernel to say that there is something: virtual time stands still while
// anybody waits for the kernel.
type polled struct {
	syscall.RawConn
	most  time.Duration
	until *atomic.Int64 // UnixNano after which nobody looks any more; 0 = never
}

// Read implements syscall.RawConn.
func (p *polled) Read(f func(fd uintptr) bool) error {
	for rest := firstPoll; ; rest = min(2*rest, p.most) {
		if until := p.until.Load(); until != 0 && time.Now().UnixNano() >= until {
			return os.ErrDeadlineExceeded
		}
		done := false
		if err := p.Control(func(fd uintptr) { done = f(fd) }); err != nil || done {
			return err
		}
		time.Sleep(rest)
	}
}
