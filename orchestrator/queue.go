package orchestrator

import (
	"sync"
	"time"
)

// queue hands job ids to workers, each id to one worker at a time. An id that
// is added while a worker has it is handed out once more afterwards, so no
// wake-up is lost and none is doubled.
type queue struct {
	mu     sync.Mutex
	wake   *sync.Cond
	order  []string
	dirty  map[string]bool // to be handed out
	busy   map[string]bool // with a worker
	later  map[string]bool // to be added after a while
	closed bool
}

func newQueue() *queue {
	q := &queue{dirty: map[string]bool{}, busy: map[string]bool{}, later: map[string]bool{}}
	q.wake = sync.NewCond(&q.mu)
	return q
}

func (q *queue) add(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dirty[id] || q.closed {
		return
	}
	q.dirty[id] = true
	if !q.busy[id] {
		q.order = append(q.order, id)
		q.wake.Signal()
	}
}

// addLater adds id after a while, unless that will happen already: other
// wake-ups come meanwhile, and each may fail and want to try again.
func (q *queue) addLater(id string, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.later[id] {
		return
	}
	q.later[id] = true
	time.AfterFunc(d, func() {
		q.mu.Lock()
		delete(q.later, id)
		q.mu.Unlock()
		q.add(id)
	})
}

// next waits for an id; false when the queue is closed.
func (q *queue) next() (string, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.order) == 0 && !q.closed {
		q.wake.Wait()
	}
	if q.closed {
		return "", false
	}
	id := q.order[0]
	q.order = q.order[1:]
	delete(q.dirty, id)
	q.busy[id] = true
	return id, true
}

// hold keeps an id from all workers until done.
func (q *queue) hold(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy[id] = true
}

// done gives an id back.
func (q *queue) done(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.busy, id)
	if q.dirty[id] {
		q.order = append(q.order, id)
		q.wake.Signal()
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake.Broadcast()
}
