package agent

import (
	"context"
	"sync"
	"time"

	"glovebox"
)

// The time between two looks at what the node holds. A look costs the same for
// one sandbox as for all, so those that end together share one. Where it takes
// long, because there is much to look at or the machine is busy, more share it.
const (
	lookPause    = 100 * time.Millisecond // at least
	maxLookPause = 400 * time.Millisecond
	lookShare    = 30 // times as long as a look took, in between
)

// pauseAfter is the time from the end of a look that took so long to the next.
func pauseAfter(took time.Duration) time.Duration {
	return min(max(lookShare*took, lookPause), maxLookPause)
}

// looks shares them. Whoever asks gets one that began after it asked.
type looks struct {
	turn  chan struct{} // held by who looks
	after time.Time     // not before this; of who has the turn

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
	case <-time.After(time.Until(s.after)):
	case <-ctx.Done():
		return nil, ctx.Err() // the next one who waits looks
	}
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	began := time.Now()
	// Others wait for it, so it does not end with this one's patience.
	lctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTime)
	defer cancel()
	live := a.others(l.gone)
	if l.found, l.err = a.cfg.Inventory.Residue(lctx, live); l.err == nil {
		var links []glovebox.Residue
		links, l.err = a.cfg.Network.Residue(lctx, live)
		l.found = append(l.found, links...)
	}
	l.done, s.after = true, time.Now().Add(pauseAfter(time.Since(began)))
	return l.found, l.err
}
