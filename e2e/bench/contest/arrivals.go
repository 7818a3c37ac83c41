package contest

import (
	"context"
	"sync"
	"time"

	"glovebox/e2e/bench/sample"
)

// Load is what jobs that arrive at some rate, whatever becomes of those before
// them, wait for their first byte.
type Load struct {
	Rate         float64 // jobs that arrive in a second
	Hits, Misses sample.Series
	Lost         int
	Err          error // of one that was lost
}

// queued is how long a job may wait behind others that arrived before it.
const queued = 5 * time.Minute

// Arrive has a job arrive every 1/rate seconds for d, waits for all of them,
// and takes the time from when each should have arrived, so that a late start
// counts.
func Arrive(ctx context.Context, c *Contestant, rate float64, d time.Duration) (Load, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	l := Load{Rate: rate}
	jobs := max(1, int(rate*d.Seconds()))
	begin := time.Now()
	for i := range jobs {
		due := begin.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(due)):
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, queued)
			defer cancel()
			late := time.Since(due)
			taken, err := c.Run(ctx, i)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				l.Lost, l.Err = l.Lost+1, err
			case taken.Warm:
				l.Hits.Add(late + taken.First)
			default:
				l.Misses.Add(late + taken.First)
			}
		})
	}
	wg.Wait()
	if c.Settle != nil && ctx.Err() == nil {
		lost, err := c.Settle(ctx)
		l.Lost += lost
		if err != nil {
			l.Err = err
		}
	}
	return l, context.Cause(ctx)
}
