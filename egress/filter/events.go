package filter

import (
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"glovebox"
)

const (
	eventBatch    = 64 // in one message
	eventGather   = 20 * time.Millisecond
	maxEventName  = 255
	maxEventPath  = 1024
	maxEventOther = 1024
)

// queue holds the events of a slot until the agent has them. It is bounded in
// number and in rate: what does not fit is counted on the next that does.
type queue struct {
	mu     sync.Mutex
	wait   []glovebox.NetEvent
	missed int64
	max    int
	rate   *rate.Limiter
	sendMu sync.Mutex // held while events are sent, so that they stay in order
}

func newQueue(l Limits) *queue {
	return &queue{max: l.EventBuffer, rate: rate.NewLimiter(rate.Limit(l.EventRate), 4*l.EventRate)}
}

// add keeps e; false if there was no room.
func (q *queue) add(e glovebox.NetEvent) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.wait) >= q.max || !q.rate.AllowN(e.At, 1) {
		q.missed++
		return false
	}
	e.Missed, q.missed = q.missed, 0
	q.wait = append(q.wait, clip(e))
	return true
}

// take removes the next events. At the end of a slot, last is true: what was
// missed after the last event is told with an event of its own.
func (q *queue) take(last bool, now time.Time) []glovebox.NetEvent {
	q.mu.Lock()
	defer q.mu.Unlock()
	if last && len(q.wait) == 0 && q.missed > 0 {
		e := glovebox.NetEvent{At: now, Type: glovebox.NetClose, Reason: glovebox.NetLimit, Missed: q.missed}
		q.missed = 0
		return []glovebox.NetEvent{e}
	}
	n := min(len(q.wait), eventBatch)
	batch := q.wait[:n:n]
	if q.wait = q.wait[n:]; len(q.wait) == 0 {
		q.wait = nil
	}
	return batch
}

// clip bounds what came from a job.
func clip(e glovebox.NetEvent) glovebox.NetEvent {
	e.Name = clipText(e.Name, maxEventName)
	e.Path = clipText(e.Path, maxEventPath)
	e.Method = clipText(e.Method, 32)
	e.Address = clipText(e.Address, maxEventOther)
	e.Rule = clipText(e.Rule, maxEventOther)
	return e
}

// clipText cuts s to at most n bytes of valid UTF-8.
func clipText(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	if s = strings.ToValidUTF8(s, "?"); len(s) > n {
		s = s[:n]
	}
	return s
}
