package api

import (
	"context"
	"net/http"
	"time"
)

// Time-outs. A short call has callTime in all and bodyTime for its body; a
// stream has pieceTime for each piece, so one that moves may last for ever.
const (
	callTime  = 30 * time.Second
	bodyTime  = 20 * time.Second
	pieceTime = 5 * time.Minute
	drainTime = 5 * time.Second // for what is left of a body nobody wants
)

type stoppingKey struct{}

// withStopping lets bounded find the context that ends when the server stops.
func withStopping(ctx, stopping context.Context) context.Context {
	return context.WithValue(ctx, stoppingKey{}, stopping)
}

// bounded gives a request the time-outs of its class; end releases them.
func bounded(cl class, w http.ResponseWriter, r *http.Request) (bound *http.Request, end func()) {
	control := http.NewResponseController(w)
	var ctx context.Context
	var cancel context.CancelFunc
	release := func() bool { return true }
	switch cl {
	case open, call:
		ctx, cancel = context.WithTimeout(r.Context(), callTime)
		_ = control.SetWriteDeadline(time.Now().Add(callTime + bodyTime)) // not every writer has deadlines
	default:
		ctx, cancel = context.WithCancel(r.Context())
		if stopping, ok := ctx.Value(stoppingKey{}).(context.Context); ok {
			release = context.AfterFunc(stopping, cancel)
		}
		_ = control.SetWriteDeadline(time.Now().Add(pieceTime))
	}
	return r.WithContext(ctx), func() {
		release()
		cancel()
		_ = control.SetReadDeadline(time.Now().Add(drainTime))
	}
}

// bodyDeadline bounds the reading of a small body. Afterwards there must be no
// deadline: net/http goes on reading, to notice when the caller leaves.
func bodyDeadline(w http.ResponseWriter) (end func()) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime))
	return func() { _ = control.SetReadDeadline(time.Time{}) }
}
