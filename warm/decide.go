package warm

import "time"

// Limits bound all pools of a node together.
type Limits struct {
	Memory  int64         // bytes that the parked may take
	Each    int64         // bytes that one takes; 0 = nothing worth counting
	Refills int           // that are made at one time while a pool is nearly empty; else one is
	MaxAge  time.Duration // after which one is replaced; 0 = never
}

// most is how many there may be.
func (l Limits) most() int {
	if l.Each <= 0 {
		return int(^uint(0) >> 1)
	}
	return int(max(0, l.Memory) / l.Each)
}

// Pool is what is to be known of a template.
type Pool struct {
	Template       string
	Floor, Ceiling int  // 0 ≤ Floor ≤ Ceiling
	Want           int  // of Demand
	Held           bool // none can be made at present
	Weight         int  // how many of the usual size one counts for; 0 = 1
}

func (p Pool) weight() int { return max(p.Weight, 1) }

// State is where a parked sandbox stands.
type State int

// The states. One that was taken by a job is none of the pool's any more.
const (
	Making State = iota
	Parked
	Leaving // being destroyed
)

// Slot is a parked sandbox.
type Slot struct {
	ID, Template string
	State        State
	Since        time.Time // when it was parked
}

// View is all that a decision rests on.
type View struct {
	Now   time.Time
	Pools []Pool
	Slots []Slot
	// Busy says that the node has better things to do than to refill.
	Busy bool
	// Starting says that a job is being started from a pool just now, which a
	// refill would slow down. It waits, unless a pool is nearly empty.
	Starting bool
}

// Actions is what to do now. More may be due when these are done.
type Actions struct {
	Park    []string // templates, once for each sandbox to be made
	Destroy []string // ids
}

// Decide compares what there is with what there should be. It answers nothing
// when all is as it should be or nothing may be done. With what it asks for done,
// there never are more than the limits allow; only one is destroyed at a time.
func (l Limits) Decide(v View) Actions {
	c := l.count(v)
	var a Actions
	if c.leaving == 0 {
		if id := c.surplus(v.Busy); id != "" {
			return Actions{Destroy: []string{id}}
		}
		if id := c.outdated(v.Busy); id != "" {
			a.Destroy = []string{id}
		}
	}
	if v.Busy {
		return a
	}
	for c.making < c.refills(l.Refills, v.Starting) && c.total < c.most {
		s := c.neediest()
		if s == nil || c.total+s.weight() > c.most {
			break
		}
		a.Park = append(a.Park, s.Template)
		s.making, s.have, s.fresh = s.making+1, s.have+1, s.fresh+1
		c.making, c.total = c.making+1, c.total+s.weight()
	}
	return a
}

// Targets says how many of each template there should be, in the order of pools:
// as many as are wanted, within floor, ceiling and memory. Memory goes to the
// floors first, one by one, and so does what is left of it.
func (l Limits) Targets(pools []Pool) []int {
	targets := make([]int, len(pools))
	left := l.most()
	deal := func(upTo func(Pool) int) {
		for dealt := true; dealt && left > 0; {
			dealt = false
			for i, p := range pools {
				if left >= p.weight() && targets[i] < upTo(p) {
					targets[i]++
					left -= p.weight()
					dealt = true
				}
			}
		}
	}
	deal(func(p Pool) int { return min(p.Floor, p.Ceiling) })
	deal(func(p Pool) int { return min(max(p.Want, p.Floor), p.Ceiling) })
	return targets
}
