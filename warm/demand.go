package warm

import (
	"math"
	"time"
)

const (
	rateTime   = time.Minute            // over which the rate is averaged
	lead       = 2 * time.Second        // until a node finds time to refill
	burstStep  = 500 * time.Millisecond // two of them in a row make a burst
	burstSteps = 1200                   // how many are remembered: ten minutes
)

// Demand is how often a template has been asked for: an exponentially weighted
// rate, and how many came within a second at the busiest time of the last ten
// minutes. The zero value is one that nobody has asked for. It is not safe for
// concurrent use.
type Demand struct {
	rate  float64 // arrivals a second, as of at
	at    time.Time
	steps [burstSteps]int32 // arrivals in each of the last steps, by number
	last  int64             // the number of the newest step
	most  int               // in two steps in a row, as of last; -1 = to be counted anew
}

// Arrive notes that a job came that a sandbox of the template would have done for,
// whether it got one or not.
func (d *Demand) Arrive(now time.Time) {
	d.advance(now)
	d.rate += 1 / rateTime.Seconds()
	d.steps[d.last%burstSteps]++
	d.most = -1
}

// Want is how many sandboxes it takes so that a burst like the largest of late
// finds one for each job, while refilling keeps up with the average.
func (d *Demand) Want(now time.Time) int {
	d.advance(now)
	return d.burst() + int(math.Round(d.rate*lead.Seconds()))
}

// Rate is how many come in a second, on average.
func (d *Demand) Rate(now time.Time) float64 {
	d.advance(now)
	return d.rate
}

// advance brings d to now. A clock that goes back is taken to stand still.
func (d *Demand) advance(now time.Time) {
	step := now.UnixNano() / int64(burstStep)
	switch {
	case d.at.IsZero():
		d.at, d.last = now, step
		return
	case !now.After(d.at):
		return
	}
	d.rate *= math.Exp(-now.Sub(d.at).Seconds() / rateTime.Seconds())
	d.at = now
	if step != d.last {
		d.most = -1
	}
	for range min(step-d.last, burstSteps) {
		d.last++
		d.steps[d.last%burstSteps] = 0
	}
	d.last = step
}

// burst is the largest sum of two steps in a row.
func (d *Demand) burst() int {
	if d.most >= 0 {
		return d.most
	}
	most, before := int32(0), int32(0)
	for i := range int64(burstSteps) {
		n := d.steps[(d.last+1+i)%burstSteps] // from the oldest on
		most, before = max(most, before+n), n
	}
	d.most = int(most)
	return d.most
}
