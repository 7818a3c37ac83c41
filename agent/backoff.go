package agent

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff spaces out repeated tries: twice as long each time up to max, and
// never the same for two agents that lost control at the same moment.
type backoff struct {
	max  time.Duration
	next time.Duration
}

const firstBackoff = 10 * time.Millisecond

func (b *backoff) reset() { b.next = 0 }

// wait sleeps before the next try; false if ctx ended.
func (b *backoff) wait(ctx context.Context) bool {
	t := time.NewTimer(b.step())
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// step is how long to wait before the next try.
func (b *backoff) step() time.Duration {
	b.next = min(max(2*b.next, firstBackoff), b.max)
	return b.next/2 + rand.N(b.next/2+1)
}
