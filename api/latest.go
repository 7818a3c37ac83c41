package api

import (
	"sync"
	"time"
)

// progressTime is how often a caller hears of a pull's progress at most.
const progressTime = 100 * time.Millisecond

// latest passes progress on without ever making the puller wait for a slow
// caller: what was not sent yet is replaced by what is newer.
type latest struct {
	mu     sync.Mutex
	newest *PullProgress
	stop   chan struct{}
	done   chan struct{}
}

func newLatest(send func(PullProgress) error) *latest {
	l := &latest{stop: make(chan struct{}), done: make(chan struct{})}
	go l.run(send)
	return l
}

// put notes progress.
func (l *latest) put(p PullProgress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.newest = &p
}

// close sends what is left and returns when nothing more will be sent.
func (l *latest) close() {
	close(l.stop)
	<-l.done
}

func (l *latest) run(send func(PullProgress) error) {
	defer close(l.done)
	tick := time.NewTicker(progressTime)
	defer tick.Stop()
	for stopped := false; !stopped; {
		select {
		case <-tick.C:
		case <-l.stop:
			stopped = true
		}
		l.mu.Lock()
		p := l.newest
		l.newest = nil
		l.mu.Unlock()
		if p != nil {
			_ = send(*p) // a caller that has left ends the request's context
		}
	}
}
