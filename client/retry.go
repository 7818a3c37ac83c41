package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"glovebox"
)

const (
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
)

// patiently repeats try while its connection breaks or the server is busy, for
// as long as the client's patience lasts. try must be safe to repeat.
func (c *Client) patiently(ctx context.Context, try func() error) error {
	t := c.trier(ctx)
	for {
		err := try()
		if err == nil {
			return nil
		}
		if err := t.again(err); err != nil {
			return err
		}
	}
}

// trier decides whether to go on after a failure, and pauses.
type trier struct {
	ctx      context.Context
	client   *Client
	deadline time.Time
	pause    time.Duration
}

func (c *Client) trier(ctx context.Context) *trier {
	t := &trier{ctx: ctx, client: c}
	t.progressed()
	return t
}

// progressed starts the patience anew, for streams that got further.
func (t *trier) progressed() {
	t.deadline = time.Now().Add(t.client.patience)
	t.pause = firstPause
}

// lasted starts the patience anew if a connection that broke now had stood for
// a while: a stream that was silent for longer than the patience has lost
// nothing of it. One that breaks as soon as it stands is no progress.
func (t *trier) lasted(since time.Time) {
	if time.Since(since) > lastPause {
		t.progressed()
	}
}

// again returns nil, after a pause, if it is worth trying again, and otherwise
// the error to give to the caller.
func (t *trier) again(err error) error {
	var lost *broken
	var full *busy
	switch {
	case errors.As(err, &lost):
		// A connection that was made and broke had a server, or one that is
		// about to be started again, at its other end.
		if !t.client.reached.Load() && glovebox.KindOf(err) == glovebox.KindNoServer {
			return err // there never was a server here
		}
	case errors.As(err, &full):
	default:
		return err
	}
	pause := t.pause/2 + rand.N(t.pause)
	if time.Now().Add(pause).After(t.deadline) {
		return err
	}
	t.pause = min(2*t.pause, lastPause)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-t.ctx.Done():
		return context.Cause(t.ctx)
	}
}
