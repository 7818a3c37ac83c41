package identity

import (
	"context"
	"sync"
)

// endings knows who wants to hear that a session ended.
type endings struct {
	mu   sync.Mutex
	next int
	open map[int]follower
}

type follower struct {
	session Session
	cut     context.CancelCauseFunc
}

// Follow returns a context that ends as soon as c's session is ended through
// this Service, with the uniform refusal as its cause. Open streams run under
// it. It does not hear of the clock, nor of other replicas: a stream uses
// Recheck every now and then besides. stop must be called.
func (s *Service) Follow(ctx context.Context, c Caller) (followed context.Context, stop func(), err error) {
	followed, cut := context.WithCancelCause(ctx)
	forget := s.ended.add(follower{c.Session, cut})
	stop = func() { forget(); cut(context.Canceled) }
	// Only now is it sure that an end is either heard or seen here.
	if _, err := s.Recheck(ctx, c); err != nil {
		stop()
		return nil, nil, err
	}
	return followed, stop, nil
}

func (e *endings) add(f follower) (forget func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open == nil {
		e.open = map[int]follower{}
	}
	n := e.next
	e.next++
	e.open[n] = f
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.open, n)
	}
}

// cut ends what runs under the sessions that match.
func (e *endings) cut(match func(Session) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for n, f := range e.open {
		if match(f.session) {
			f.cut(refused())
			delete(e.open, n)
		}
	}
}

// cutPerson ends what runs under any session of a person.
func (e *endings) cutPerson(id string) {
	e.cut(func(v Session) bool { return v.Subject == id })
}

// cutPasskey ends what runs under sessions that a passkey opened.
func (e *endings) cutPasskey(id string) {
	e.cut(func(v Session) bool { return v.Passkey == id })
}
