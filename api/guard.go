package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"glovebox"
	"glovebox/identity"
)

// recheckTime is how often an open stream asks whether its caller still counts.
// An end in this process is heard of at once; one in another replica, or by the
// clock, is so noticed soon.
const recheckTime = 3 * time.Second

// maxMissed is how many times in a row the store may be unable to say, before
// a stream is cut for it.
const maxMissed = 2

// guarded runs a stream no longer than its caller may read or write it. Then
// the request's context ends with the problem as its cause, and what blocks on
// the connection is let go. end must be called when the stream is over. The
// operator at the local socket has no session that could end.
func (rt *router) guarded(w http.ResponseWriter, r *http.Request, c identity.Caller, need identity.Action) (guarded *http.Request, end func(), err error) {
	if rt.Identity == nil || c.Session.ID == "" {
		return r, func() {}, nil
	}
	followed, forget, err := rt.Identity.Follow(r.Context(), c)
	if err != nil {
		return nil, nil, err
	}
	ctx, cut := context.WithCancelCause(followed)
	released, target := make(chan struct{}), r.PathValue("id")
	go func() {
		defer close(released)
		rt.recheck(ctx, cut, c, need, target)
		if cutBy(ctx) != nil {
			letGo(w)
		}
	}()
	r = r.WithContext(ctx)
	r.Body = &cuttable{r.Body, ctx}
	return r, func() {
		cut(context.Canceled)
		forget()
		<-released
	}, nil
}

// recheck returns when ctx has ended, by its own doing or not.
func (rt *router) recheck(ctx context.Context, cut context.CancelCauseFunc, c identity.Caller, need identity.Action, target string) {
	every := rt.Recheck
	if every <= 0 {
		every = recheckTime
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for missed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		fresh, err := rt.Identity.Recheck(ctx, c)
		if err == nil && !fresh.Allowed(need) {
			err = rt.Allow(ctx, fresh, need, target) // which leaves an event
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			missed = 0
		case glovebox.KindOf(err) == glovebox.KindUnavailable && missed < maxMissed:
			missed++
		default:
			cut(known(err))
		}
	}
}

// cutBy is why a guarded stream was cut, nil if it was not.
func cutBy(ctx context.Context) error {
	if e, ok := errors.AsType[*glovebox.Error](context.Cause(ctx)); ok {
		return e
	}
	return nil
}

// letGo ends reads and writes that wait for a caller. There is a moment for a
// last word.
func letGo(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now())
	_ = control.SetWriteDeadline(time.Now().Add(time.Second))
}

// cuttable is a body that cannot be read any more once its stream is cut.
type cuttable struct {
	io.ReadCloser
	ctx context.Context
}

// Read implements io.Reader.
func (c *cuttable) Read(p []byte) (int, error) {
	if err := cutBy(c.ctx); err != nil {
		return 0, err
	}
	n, err := c.ReadCloser.Read(p)
	if cut := cutBy(c.ctx); cut != nil {
		return 0, cut
	}
	return n, err
}
