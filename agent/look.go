package agent

import (
	"context"
	"sync"
	"time"

	"glovebox"
)

// lookPause is the time between two looks at what the node holds. A look costs
// the same for one sandbox as for all, so those that end together share one.
const lookPause = 100 * time.Millisecond

// looks shares them. Whoever asks gets one that began after it asked.
type looks struct {
	turn chan struct{} // held by who looks
	last time.Time     // when the last one ended; of who has the turn

	mu   sync.Mutex
	next *look
}

// look is one look, for some sandboxes that should be gone.
type look struct {
	gone  map[string]bool
	done  bool // of who has the turn, as is what follows
	found []glovebox.Residue
	err   error
}

// look returns what the node holds that belongs to no sandbox, with that of id
// among it.
func (a *Agent) look(ctx context.Context, id string) ([]glovebox.Residue, error) {
	s := &a.looks
	s.mu.Lock()
	if s.next == nil {
		s.next = &look{gone: map[string]bool{}}
	}
	l := s.next
	l.gone[id] = true
	s.mu.Unlock()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.done {
		return l.found, l.err
	}
	select {
	case <-time.After(time.Until(s.last.Add(lookPause))):
	case <-ctx.Done():
		return nil, ctx.Err() // the next one who waits looks
	}
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	// Others wait for it, so it does not end with this one's patience.
	lctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTime)
	defer cancel()
	l.found, l.err = a.cfg.Inventory.Residue(lctx, a.others(l.gone))
	l.done, s.last = true, time.Now()
	return l.found, l.err
}
