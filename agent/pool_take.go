package agent

import (
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
	"glovebox/warm"
)

// Why a job that a pool would have done for was started cold.
const (
	missEmpty  = "empty"  // there was none
	missUnfair = "unfair" // the last ones are for other tenants
	missFailed = "failed" // what was parked could not be used
	missOff    = "off"    // none are kept
)

// take hands out a sandbox for a job, or "" if it has to start cold. first says
// that the job comes for the first time.
func (p *pool) take(spec glovebox.SandboxSpec, first bool) (id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for _, st := range p.stocks {
		if !st.fits(spec) {
			continue
		}
		if first {
			st.demand.Arrive(now)
			st.share.Ask(spec.Tenant, now)
		}
		s, why := p.pick(st, spec.Tenant, now)
		p.dirty = true
		if s == nil {
			st.miss(why)
			continue
		}
		st.share.Took(spec.Tenant, now)
		p.turn(s, nodev1.SlotState_SLOT_STATE_TAKEN)
		id, p.taken = s.id, now
		time.AfterFunc(startingTime, p.poke)
		break
	}
	p.poke() // there is room, or more are wanted
	return id
}

// pick chooses the one that has been parked longest; p.mu is held.
func (p *pool) pick(st *stock, tenant string, now time.Time) (oldest *slot, why string) {
	if p.parker == nil || st.max == 0 {
		return nil, missOff
	}
	parked := 0
	for _, s := range p.slots {
		if s.of != st || s.state != nodev1.SlotState_SLOT_STATE_PARKED {
			continue
		}
		parked++
		if oldest == nil || s.parked.Before(oldest.parked) {
			oldest = s
		}
	}
	switch {
	case parked == 0:
		return nil, missEmpty
	case !st.share.May(tenant, parked, p.targets(now)[st], now):
		return nil, missUnfair
	}
	return oldest, ""
}

// fits says whether a template asks nothing that the job does not.
func (st *stock) fits(spec glovebox.SandboxSpec) bool {
	if spec.Runtime != glovebox.RuntimeGVisor || st.retired || st.Network != spec.Network {
		return false
	}
	if st.Image.Digest != "" && st.Image.Digest != spec.Image.Digest {
		return false
	}
	if st.Snapshot != "" || spec.Snapshot != "" {
		return st.Snapshot == spec.Snapshot && st.Tenant == spec.Tenant
	}
	return st.Interpreter == "" || st.becomes(spec)
}

// becomes says whether the template's interpreter, which runs as the image's
// user and with the usual bounds on what it may write and open, can become the
// job.
func (st *stock) becomes(spec glovebox.SandboxSpec) bool {
	usual, asked := glovebox.DefaultLimits(), spec.Limits
	return asked.Disk == usual.Disk && asked.Inodes == usual.Inodes && asked.Files == usual.Files &&
		spec.User == st.Image.Defaults.User && warm.Fits(st.Interpreter, spec.Args, spec.Env, st.Image.Defaults.Env)
}

// giveBack returns one that was taken and not used.
func (p *pool) giveBack(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.slots[id]; s != nil {
		p.turn(s, nodev1.SlotState_SLOT_STATE_PARKED)
		p.clearOut(s.of)
		p.poke()
	}
}

// used notes that a sandbox is a job's now, and returns what it was parked for
// and how to tell when the job's command was started.
func (p *pool) used(id string) (template string, started func(after time.Duration)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.slots[id]
	delete(p.slots, id)
	s.of.hits++
	p.dirty = true
	p.poke()
	return s.of.Name, func(after time.Duration) {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.of.claims.add(after)
		p.dirty = true
	}
}

// spoiled notes that a sandbox could not be used. Whatever there is of it is
// destroyed. If it was not there at all, what it stood on has gone, and all the
// others with it: one job has found out, and the next ones need not.
func (p *pool) spoiled(id string, why glovebox.Kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.slots[id]
	s.of.miss(missFailed)
	p.turn(s, nodev1.SlotState_SLOT_STATE_LEAVING)
	switch why {
	case glovebox.KindNotFound, glovebox.KindUnavailable, glovebox.KindNodeLost:
		for _, other := range p.slots {
			if other.state == nodev1.SlotState_SLOT_STATE_PARKED {
				p.turn(other, nodev1.SlotState_SLOT_STATE_LEAVING)
			}
		}
	}
	p.poke()
}

// startsCold notes that a cold start waits or is under way, before which no
// refill begins. Call the returned function once, when that is over.
func (p *pool) startsCold() (over func()) {
	p.mu.Lock()
	p.cold++
	p.mu.Unlock()
	return func() {
		p.mu.Lock()
		p.cold--
		p.mu.Unlock()
		p.poke()
	}
}

// poke makes the pool's goroutine look around.
func (p *pool) poke() { signal(p.wake) }
