package contest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Loop is what a contestant does when each of some lanes runs one job after the
// other.
type Loop struct {
	Lanes   int     `json:"lanes"`
	Seconds float64 `json:"seconds"` // until the last job's background work was done
	Jobs    int     `json:"jobs"`    // that ended as they should
	Lost    int     `json:"lost"`    // that did not
	Rate    float64 `json:"jobsPerSecond"`
	CPU     float64 `json:"cpuMsPerJob"` // of the whole machine
	Err     string  `json:"error,omitempty"`
}

// RunLoop keeps lanes busy for d. Jobs that have begun by then end, and count,
// and so does the time they and what follows them take. busy tells how much CPU
// time the machine has used so far.
func RunLoop(ctx context.Context, c *Contestant, lanes int, d time.Duration, busy func() time.Duration) Loop {
	var mu sync.Mutex
	var wg sync.WaitGroup
	l := Loop{Lanes: lanes}
	count := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			l.Jobs++
			return
		}
		l.Lost++
		l.Err = err.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, d+2*patience)
	defer cancel()
	began, used := time.Now(), busy()
	for lane := range lanes {
		wg.Go(func() {
			for time.Since(began) < d && ctx.Err() == nil {
				_, err := c.Run(ctx, lane)
				count(err)
				if err != nil {
					time.Sleep(10 * time.Millisecond) // what fails at once must not spin
				}
			}
		})
	}
	wg.Wait()
	if c.Settle != nil {
		lost, err := c.Settle(ctx)
		l.Jobs, l.Lost = l.Jobs-lost, l.Lost+lost
		if err != nil {
			l.Err = err.Error()
		}
	}
	took := time.Since(began)
	l.Seconds = took.Seconds()
	l.Rate = float64(l.Jobs) / took.Seconds()
	if l.Jobs > 0 {
		l.CPU = float64(busy()-used) / float64(time.Millisecond) / float64(l.Jobs)
	}
	return l
}

// Sustained tries each number of lanes for a short while and then keeps the one
// with the highest rate up for d.
func Sustained(ctx context.Context, c *Contestant, lanes []int, try, d time.Duration, busy func() time.Duration) (Loop, error) {
	best := Loop{}
	for _, n := range lanes {
		if l := RunLoop(ctx, c, n, try, busy); l.Rate > best.Rate {
			best = l
		} else if l.Jobs == 0 && ctx.Err() == nil {
			return l, fmt.Errorf("no job of %s ended in %s at %d at a time: %s", c.Key, try, n, l.Err)
		}
	}
	if ctx.Err() != nil {
		return best, context.Cause(ctx)
	}
	return RunLoop(ctx, c, best.Lanes, d, busy), nil
}
