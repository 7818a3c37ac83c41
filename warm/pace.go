package warm

import "time"

// paceTime is how far refilling may be ahead of its share of the CPU.
const paceTime = time.Second

// Pace keeps refilling to a share of the CPU on average. CPU is that share in
// cores; 0 is no bound. It is not safe for concurrent use.
type Pace struct {
	CPU float64

	debt time.Duration // CPU time used and not paid off by the passing of time
	at   time.Time
}

// Spend notes what a refill has cost.
func (p *Pace) Spend(cost time.Duration, now time.Time) {
	p.advance(now)
	p.debt += max(0, cost)
}

// Spent says whether the share is used up, so that no refill should begin.
func (p *Pace) Spent(now time.Time) bool {
	p.advance(now)
	return p.CPU > 0 && p.debt > time.Duration(p.CPU*float64(paceTime))
}

func (p *Pace) advance(now time.Time) {
	if passed := now.Sub(p.at); passed > 0 {
		if !p.at.IsZero() {
			p.debt = max(0, p.debt-time.Duration(p.CPU*float64(min(passed, time.Hour))))
		}
		p.at = now
	}
}
