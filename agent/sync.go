package agent

import (
	"context"
	"time"

	"connectrpc.com/connect"

	"glovebox/internal/nodev1"
)

const (
	gather      = time.Millisecond       // news that come together are told together
	maxPatience = 100 * time.Millisecond // for which a call is left alone although there is news
	manyGivenUp = 16                     // calls one after the other, and control gets no word in
	sameAgain   = 20 * time.Millisecond  // between two calls, if an answer says nothing new
)

// answer is how a call ended. Only one with a response says anything.
type answer struct {
	resp *nodev1.SyncResponse
	err  error
}

// syncLoop keeps one call to control outstanding. Control holds it until it
// wants something else; the agent gives it up and makes another when it has
// something to say.
func (a *Agent) syncLoop(ctx context.Context) {
	b := backoff{max: a.cfg.MaxBackoff}
	limit, givenUp := a.cfg.SyncTimeout, 0
	for ctx.Err() == nil {
		began := time.Now()
		hold := patience(givenUp)
		urgent := hold
		if givenUp == 0 {
			urgent = 0
		}
		ans, abandoned := a.call(ctx, limit, hold, urgent)
		switch {
		case ans.err == nil:
			b.reset()
			givenUp = 0
			news := a.apply(ctx, ans.resp)
			if d := ans.resp.GetCallAgain().AsDuration(); d > 0 {
				limit = min(d, a.cfg.SyncTimeout)
			}
			if !news && time.Since(began) < sameAgain {
				a.pause(ctx, sameAgain)
			}
		case abandoned && time.Since(began) > maxPatience:
			givenUp = 0 // control had the time to answer, and nothing to say
		case abandoned:
			givenUp++
		default:
			b.wait(ctx)
		}
	}
}

// patience is how long a call is left alone. When news of a busy node have made
// the agent give up many calls in a row it grows, so that control is heard.
func patience(givenUp int) time.Duration {
	return min(gather<<max(0, min(givenUp-manyGivenUp, 10)), maxPatience)
}

// call makes one call, for limit at most. It is given up when there is news, but
// not before it has been in the air for hold, which also gathers news that come
// together, or for urgent, if the news is what people wait for.
func (a *Agent) call(ctx context.Context, limit, hold, urgent time.Duration) (ans answer, abandoned bool) {
	a.heard() // all that has changed up to here is in the request
	req := a.request()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan answer, 1)
	began := time.Now()
	go func() {
		resp, err := a.cfg.Client.Sync(ctx, connect.NewRequest(req))
		if err != nil {
			done <- answer{err: err}
			return
		}
		done <- answer{resp: resp.Msg}
	}()
	due := limit
	giveUp := time.NewTimer(limit)
	defer giveUp.Stop()
	for {
		select {
		case ans = <-done:
			if due < limit {
				a.notify() // the news is not told yet
			}
			return ans, false
		case <-a.changed:
			due = min(due, hold)
		case <-a.ended:
			due = min(due, urgent)
		case <-giveUp.C:
			cancel()
			return <-done, true
		}
		giveUp.Reset(due - time.Since(began))
	}
}

// heard takes the tokens for what is going to be told.
func (a *Agent) heard() {
	for _, news := range []chan struct{}{a.changed, a.ended} {
		select {
		case <-news:
		default:
		}
	}
}

// pause waits a little, or until there is something to say.
func (a *Agent) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.changed:
	case <-a.ended:
	case <-ctx.Done():
	}
}
