package api

import (
	"context"
	"sync"
	"time"

	"glovebox"
)

// attempts counts the failed authentications of one source address. Each
// failure costs a durable write, so nobody may cause them at will: at most
// Burst, and PerSecond more as time goes by. A try that is under way may become
// a failure, so no more tries go on at once than failures are left; the others
// wait for them, and who is not guessing notices nothing.
type attempts struct {
	rate Rate
	wake chan struct{} // holds a token when it is worth asking again

	mu     sync.Mutex
	failed float64   // that still count
	at     time.Time // as of then
	trying int
}

func newAttempts(r Rate) *attempts { return &attempts{rate: r, wake: make(chan struct{}, 1)} }

// begin lets a try begin, as soon as there is room; KindTooMany if there have
// been too many failures. A try that has begun ends with end.
func (a *attempts) begin(ctx context.Context, now func() time.Time) error {
	for {
		wait, err := a.enter(now())
		if !wait {
			a.next()
			return err
		}
		select {
		case <-a.wake:
		case <-ctx.Done():
			a.next()
			return ctx.Err()
		}
	}
}

// enter says that there is no room at the moment, or how the asking ended.
func (a *attempts) enter(now time.Time) (wait bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if gone := now.Sub(a.at); gone > 0 {
		a.failed = max(0, a.failed-gone.Seconds()*a.rate.PerSecond)
		a.at = now
	}
	left := float64(a.rate.Burst) - a.failed
	if left < 1 {
		after := min((1-left)/a.rate.PerSecond, time.Hour.Seconds())
		return false, retryAfter(glovebox.Errorf(glovebox.KindTooMany, "too many failed authentications from this address").
			Try("wait, then log in"), time.Duration(after*float64(time.Second)))
	}
	if float64(a.trying+1) > left {
		return true, nil
	}
	a.trying++
	return false, nil
}

func (a *attempts) end(failed bool) {
	a.mu.Lock()
	a.trying--
	if failed {
		a.failed++
	}
	a.mu.Unlock()
	a.next()
}

// next lets one of those that wait ask again. It then does the same for
// another, unless it has to go on waiting.
func (a *attempts) next() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}
