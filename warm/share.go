package warm

import "time"

// shareTime is how long a half of what Share remembers lasts: what a tenant did
// counts for one minute at least and two at most.
const shareTime = time.Minute

// Share sees to it that no tenant drains a pool while others ask for it. The
// rule: the last quarter of a pool goes only to tenants that have taken no more
// than the others did on average, of late. Who asks alone gets all there is. A
// tenant that is refused starts cold, as with an empty pool.
//
// The zero value has seen nobody. It is not safe for concurrent use.
type Share struct {
	since        time.Time      // of newer
	newer, elder map[string]int // what was taken, by tenant; who only asked has 0
}

// Ask notes that a tenant has come for a sandbox.
func (s *Share) Ask(tenant string, now time.Time) { s.add(tenant, 0, now) }

// Took notes that it got one.
func (s *Share) Took(tenant string, now time.Time) { s.add(tenant, 1, now) }

// May says whether a tenant that has asked may take one of the parked, of which
// there would best be target.
func (s *Share) May(tenant string, parked, target int, now time.Time) bool {
	s.advance(now)
	if parked <= 0 {
		return false
	}
	if parked > Reserve(target) {
		return true
	}
	taken := map[string]int{}
	total := 0
	for _, half := range []map[string]int{s.newer, s.elder} {
		for t, n := range half {
			taken[t] += n
			total += n
		}
	}
	return taken[tenant]*len(taken) <= total
}

// Reserve is how many of a pool are kept for who has taken least.
func Reserve(target int) int { return max(1, (target+3)/4) }

func (s *Share) add(tenant string, n int, now time.Time) {
	s.advance(now)
	if s.newer == nil {
		s.newer = map[string]int{}
	}
	s.newer[tenant] += n
}

func (s *Share) advance(now time.Time) {
	switch age := now.Sub(s.since); {
	case s.since.IsZero() || age >= 2*shareTime:
		s.since, s.newer, s.elder = now, nil, nil
	case age >= shareTime:
		s.since, s.newer, s.elder = s.since.Add(shareTime), nil, s.newer
	}
}
