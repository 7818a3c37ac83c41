package glovebox

import "time"

// PoolStatus is what a node has parked for one template, and what came of it,
// as the node last told. The counts are of all tenants together and begin anew
// with each start of the node's agent.
type PoolStatus struct {
	Node        string
	Seen        time.Time // when the node told it
	Template    string
	Image       string // digest; "" = of any image
	Interpreter string

	Floor, Ceiling, Target int // Ceiling 0 = nothing is parked
	Slots                  []PoolSlot
	Memory                 int64 // bytes that one takes

	Hits, Refills, Failures int64
	Misses                  map[string]int64 // by reason, one of PoolMisses

	// Medians of the last refills, and of the last claims, from taking a
	// sandbox to its command being started; 0 = not known.
	RefillWall, RefillCPU, ClaimP50, ClaimP95 time.Duration
}

// PoolSlot is a parked sandbox: State is "making", "parked", "taken" by a job
// that is being started, or "leaving".
type PoolSlot struct {
	ID    string
	State string
	Since time.Time
}

// PoolMisses are the reasons why a job was started cold that a pool would have
// done for: there was none parked, the last ones were kept for tenants that had
// taken less, what was parked could not be used, no pool is kept.
func PoolMisses() []string { return []string{"empty", "unfair", "failed", "off"} }

// Count says how many slots are in a state.
func (p PoolStatus) Count(state string) (n int) {
	for _, s := range p.Slots {
		if s.State == state {
			n++
		}
	}
	return n
}
