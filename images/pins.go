package images

import (
	"context"
	"sync"
)

// pins know which blobs the imports and pulls of this process are using, so that
// neither a failed one nor the Collector takes them away from another.
type pins struct {
	mu      sync.Mutex
	held    map[string]*pin // by digest's hex
	watched map[string]bool // pinned since a collection began; nil if none is under way
}

// pin is one blob in use. busy is a lock that can be waited for with a context:
// whoever has it may change the blob.
type pin struct {
	refs    int
	created bool // by one of the users, since the first of them came
	kept    bool // one of the users came to a good end
	busy    chan struct{}
}

// take adds a user of the blob.
func (p *pins) take(hex string) *pin {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = map[string]*pin{}
	}
	if p.held[hex] == nil {
		p.held[hex] = &pin{busy: make(chan struct{}, 1)}
	}
	if p.watched != nil {
		p.watched[hex] = true
	}
	p.held[hex].refs++
	return p.held[hex]
}

// drop takes a user away. If nobody is left and all of them failed, remove is
// called for what they created; who comes meanwhile waits for it.
func (p *pins) drop(hex string, keep bool, remove func(hex string)) (removed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.held[hex]
	b.kept = b.kept || keep
	if b.refs == 1 && b.created && !b.kept {
		b.busy <- struct{}{} // free: the last user is here
		p.mu.Unlock()
		remove(hex)
		p.mu.Lock()
		b.created, removed = false, true
		<-b.busy
	}
	if b.refs--; b.refs == 0 {
		delete(p.held, hex)
	}
	return removed
}

func (p *pins) setCreated(b *pin) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.created = true
}

// lock waits for the right to change the blob.
func (b *pin) lock(ctx context.Context) error {
	select {
	case b.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *pin) unlock() { <-b.busy }

// watch begins to remember which blobs are taken, until the function it returns
// is called. Only one collection can be under way.
func (p *pins) watch() (stop func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watched != nil {
		return nil, false
	}
	p.watched = map[string]bool{}
	for hex := range p.held {
		p.watched[hex] = true
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.watched = nil
	}, true
}

// removeUnused calls remove unless the blob was in use at some time since watch.
func (p *pins) removeUnused(hex string, remove func(hex string)) bool {
	p.mu.Lock()
	if p.watched[hex] {
		p.mu.Unlock()
		return false
	}
	b := &pin{refs: 1, created: true, busy: make(chan struct{}, 1)}
	if p.held == nil {
		p.held = map[string]*pin{}
	}
	p.held[hex] = b
	p.mu.Unlock()
	return p.drop(hex, false, remove)
}
