package tenant

import (
	"maps"
	"slices"
	"sync"
	"time"

	"glovebox"
)

const (
	maxAge    = time.Second
	maxCached = 10_000 // above this the old ones go
)

// cache remembers tenants for a second, so that submitting jobs does not read
// the store for each.
type cache struct {
	mu  sync.Mutex
	all map[string]cached
}

type cached struct {
	tenant  glovebox.Tenant
	version int64
	at      time.Time // when the read of it began
}

func newCache() *cache { return &cache{all: map[string]cached{}} }

func (c *cache) get(id string, now time.Time) (glovebox.Tenant, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.all[id]
	if !ok || !e.fresh(now) {
		return glovebox.Tenant{}, false
	}
	return e.copied(), true
}

// put remembers what was read or written at a time, unless something newer is
// known, and returns the newer of the two.
func (c *cache) put(id string, t glovebox.Tenant, version int64, at time.Time) glovebox.Tenant {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.all[id]; ok && e.version > version && e.fresh(at) {
		return e.copied()
	}
	if len(c.all) >= maxCached {
		maps.DeleteFunc(c.all, func(_ string, e cached) bool { return !e.fresh(at) })
	}
	e := cached{t, version, at}
	c.all[id] = e
	return e.copied()
}

func (c *cache) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, id)
}

// fresh also refuses what is of the future: the clock was put back.
func (e cached) fresh(now time.Time) bool {
	age := now.Sub(e.at)
	return age < maxAge && age > -maxAge
}

// copied shares nothing with the cache.
func (e cached) copied() glovebox.Tenant {
	t := e.tenant
	t.Runtimes, t.Policy = slices.Clone(t.Runtimes), t.Policy.Clone()
	return t
}
