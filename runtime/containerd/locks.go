package containerd

import (
	"context"
	"sync"

	"glovebox"
)

// locks is a mutex for each name, whose waiting ends with a context.
type locks struct {
	mu   sync.Mutex
	held map[string]*held
}

type held struct {
	token chan struct{}
	users int
}

// lock waits its turn for name and returns what ends it.
func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*held{}
	}
	h := l.held[name]
	if h == nil {
		h = &held{token: make(chan struct{}, 1)}
		l.held[name] = h
	}
	h.users++
	l.mu.Unlock()

	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if h.users--; h.users == 0 {
			delete(l.held, name)
		}
	}
	select {
	case h.token <- struct{}{}:
		return func() { <-h.token; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "%s is busy: %w", name, ctx.Err())
	}
}
