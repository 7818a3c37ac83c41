package supervise

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reaper is the one wait loop. It delivers the end of children that were
// started through it and buries every other: orphans that the kernel gave us.
type reaper struct {
	mu    sync.Mutex // held from fork to registration, and while reaping
	known map[int]chan syscall.WaitStatus
	sig   chan os.Signal
	stop  chan struct{}
	done  chan struct{}
}

func newReaper() *reaper {
	r := &reaper{
		known: map[int]chan syscall.WaitStatus{},
		sig:   make(chan os.Signal, 1),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	signal.Notify(r.sig, syscall.SIGCHLD)
	go r.loop()
	return r
}

func (r *reaper) loop() {
	defer close(r.done)
	for {
		select {
		case <-r.sig: // one signal may stand for many ends
			r.reap()
		case <-r.stop:
			return
		}
	}
}

func (r *reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 {
			return // nobody has ended, or there is nobody
		}
		if end := r.known[pid]; end != nil {
			delete(r.known, pid)
			end <- status
		}
	}
}

// start runs fork, which returns the pid of a new child, and returns where its
// end will be told.
func (r *reaper) start(fork func() (int, error)) (int, <-chan syscall.WaitStatus, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := fork()
	if err != nil {
		return 0, nil, err
	}
	end := make(chan syscall.WaitStatus, 1)
	r.known[pid] = end
	return pid, end, nil
}

// signal reaches a child that was started and not yet reaped, so that its
// number cannot have become another process's. group means its whole group.
func (r *reaper) signal(pid int, sig syscall.Signal, group bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[pid] == nil {
		return
	}
	if group {
		pid = -pid
	}
	_ = syscall.Kill(pid, sig) // it may have ended in this moment
}

func (r *reaper) close() {
	signal.Stop(r.sig)
	close(r.stop)
	<-r.done
	for _, end := range r.known { // of processes that were left alone
		close(end)
	}
}
