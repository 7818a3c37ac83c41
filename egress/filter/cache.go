package filter

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// cache asks Upstream once for a name, for all who ask while its answer holds.
// Errors are not kept.
type cache struct {
	up       Upstream
	now      func() time.Time
	min, max time.Duration

	mu    sync.Mutex
	known map[string]*cached
}

// cached is an answer, or one that is still to come.
type cached struct {
	done  chan struct{}
	addrs []netip.Addr
	until time.Time // zero until done
	err   error
}

const (
	maxCached   = 20_000
	lookupLimit = 5 * time.Second
)

func newCache(up Upstream, now func() time.Time, l Limits) *cache {
	return &cache{up: up, now: now, min: l.TTLMin, max: l.TTLMax, known: map[string]*cached{}}
}

// lookup returns the addresses of name and for how long they may be answered.
func (c *cache) lookup(ctx context.Context, name string) ([]netip.Addr, time.Duration, error) {
	c.mu.Lock()
	e := c.known[name]
	if e == nil || !e.until.IsZero() && !c.now().Before(e.until) {
		e = &cached{done: make(chan struct{})}
		c.makeRoom()
		c.known[name] = e
		go c.fetch(name, e)
	}
	c.mu.Unlock()

	select {
	case <-e.done:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	return e.addrs, max(e.until.Sub(c.now()), time.Second), e.err
}

func (c *cache) fetch(name string, e *cached) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupLimit)
	defer cancel()
	addrs, ttl, err := c.up.Lookup(ctx, name)
	for i := range addrs {
		addrs[i] = addrs[i].WithZone("").Unmap()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e.addrs, e.err, e.until = addrs, err, c.now().Add(min(max(ttl, c.min), c.max))
	if err != nil {
		delete(c.known, name)
	}
	close(e.done)
}

// makeRoom forgets what is over, and if that is not enough, anything.
func (c *cache) makeRoom() {
	if len(c.known) < maxCached {
		return
	}
	now := c.now()
	for name, e := range c.known {
		if !e.until.IsZero() && !now.Before(e.until) {
			delete(c.known, name)
		}
	}
	for name, e := range c.known {
		if len(c.known) < maxCached {
			return
		}
		if !e.until.IsZero() {
			delete(c.known, name)
		}
	}
}
