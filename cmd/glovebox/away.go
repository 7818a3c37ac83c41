package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"glovebox"
)

// lookAway is how often a command that follows a job looks for the service.
const lookAway = time.Second

// mentionAway says once, each time the service goes away, that this command
// waits for it. A restart of control alone is not noticed: `up` keeps its
// sockets. It ends with the context.
func (a *app) mentionAway(ctx context.Context) {
	t, err := a.target()
	if err != nil {
		return
	}
	network, address := t.address()
	if network == "" {
		return
	}
	tick := time.NewTicker(lookAway)
	defer tick.Stop()
	for away := false; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		err := knock(ctx, network, address)
		if err != nil && !away && ctx.Err() == nil {
			fmt.Fprintln(a.stderr, "glovebox: the service is away, waiting")
		}
		away = err != nil
	}
}

// knock says whether somebody accepts at an address. One that is only slow is
// there.
func knock(ctx context.Context, network, address string) error {
	ctx, cancel := context.WithTimeout(ctx, lookAway)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.Close()
}

// gaveUp says what it means for a job that its service did not come back.
func gaveUp(err error, id string) error {
	switch k := glovebox.KindOf(err); k {
	case glovebox.KindNoServer, glovebox.KindUnavailable:
		return glovebox.Errorf(k, "gave up waiting for the service: %w", err).
			Try("the job is not lost; when the service is up again: glovebox logs -f %s", id)
	}
	return err
}
