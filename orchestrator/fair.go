package orchestrator

import (
	"slices"

	"glovebox"
)

// Who is next. Each tenant has a line of its own, first come first served. The
// turn goes to the tenant that has the least of the fleet: the larger of its
// shares of places and of memory counts (dominant resource fairness, over what
// a node can run out of). Among equals it goes to the one whose first in line
// has been first for the longest. A tenant at its quota is passed over, and so
// is one that only its own jobs are in the way of.
//
// Whoever has the turn keeps it until it is placed, leaves, or is passed over for
// such a reason, and meanwhile nobody goes past it, however much smaller. So:
//
//   - a large job is not starved by small ones: what runs ends, and nothing new
//     begins before it fits;
//   - a tenant that has nothing waits for one placement of another that floods
//     the line, whatever the length of that one's line: the turn that was given
//     before it came, and for at most one of each of the others;
//   - every tenant's turn comes: once what it runs has ended it has nothing, and
//     of those with nothing only those can go first that have waited longer,
//     each once.

// party is a tenant as the fleet sees it.
type party struct {
	tenant string
	may    allowance // as reserve was told last; not known before that
	has    share
	on     map[string]share // has, by node
	line   []*waiter
	since  int64 // f.clock when the first in line became that
}

// waiter is a job in line.
type waiter struct {
	job     string
	party   *party
	runtime string
	share   share
	node    string // the only one that will do; "" = any
}

// party returns a tenant's, making it if need be; f.mu is held.
func (f *fleet) party(tenant string) *party {
	p, ok := f.parties[tenant]
	if !ok {
		p = &party{tenant: tenant, on: map[string]share{}}
		f.parties[tenant] = p
	}
	return p
}

// forget drops a party that has nothing and waits for nothing; f.mu is held.
func (f *fleet) forget(p *party) {
	if len(p.line) == 0 && p.has == (share{}) {
		delete(f.parties, p.tenant)
	}
}

// allow notes what a tenant may take and says whether it is another than
// before; f.mu is held.
func (f *fleet) allow(tenant string, a allowance) bool {
	p := f.party(tenant)
	changed := p.may.Quota != a.Quota || p.may.kept != a.kept || p.may.artifacts != a.artifacts
	p.may = a
	return changed
}

// enter returns a job's place in line, at the end if it had none; f.mu is held.
func (f *fleet) enter(job glovebox.Job) *waiter {
	if w, ok := f.waiters[job.ID]; ok {
		return w
	}
	p := f.party(job.Tenant)
	w := &waiter{job.ID, p, job.Spec.Runtime, shareOf(job), job.Command.Node}
	if len(p.line) == 0 {
		f.clock++
		p.since = f.clock
	}
	p.line = append(p.line, w)
	f.waiters[job.ID] = w
	return w
}

// leave takes a job out of the line, if it is there; f.mu is held.
func (f *fleet) leave(id string) bool {
	w, ok := f.waiters[id]
	if !ok {
		return false
	}
	delete(f.waiters, id)
	if f.turn == w {
		f.turn = nil
	}
	p := w.party
	if p.line[0] == w {
		p.line[0] = nil
		p.line = p.line[1:]
	} else {
		i := slices.Index(p.line, w)
		p.line = slices.Delete(p.line, i, i+1)
	}
	f.forget(p)
	return true
}

// next returns whose turn it is, nil if nobody's; f.mu is held. It changes only
// by what also wakes the new one: arrivals, departures, nodes and quotas.
func (f *fleet) next() *waiter {
	if w := f.turn; w != nil && f.front(w.party) == w && f.mayGo(w) {
		return w
	}
	f.turn = nil
	var best *waiter
	for _, p := range f.parties {
		w := f.front(p)
		if w == nil || !f.mayGo(w) {
			continue
		}
		if best == nil || f.before(p, best.party) {
			best = w
		}
	}
	if len(f.nodes) > 0 { // or shares mean nothing yet
		f.turn = best
	}
	return best
}

// mayGo says whether a waiter may have the turn: its quota allows it, and it
// would fit somewhere if nobody else ran anything. If it would not, it waits for
// jobs of its own tenant, and others are not to wait with it; f.mu is held.
func (f *fleet) mayGo(w *waiter) bool {
	if !w.party.allows(w.share) {
		return false
	}
	for name, n := range f.nodes {
		if room(n, w.party.on[name].plus(w.share), w.runtime) {
			return true
		}
	}
	return len(f.nodes) == 0
}

// first is next as a list of jobs to wake; f.mu is held.
func (f *fleet) first() []string {
	if w := f.next(); w != nil {
		return []string{w.job}
	}
	return nil
}

// front returns the first of a party's line for whom it makes sense to wait;
// f.mu is held.
func (f *fleet) front(p *party) *waiter {
	for _, w := range p.line {
		if f.possible(w) {
			return w
		}
	}
	return nil
}

// before says whether a's turn comes before b's; f.mu is held.
func (f *fleet) before(a, b *party) bool {
	if x, y := f.dominant(a), f.dominant(b); x != y {
		return x < y
	}
	return a.since < b.since
}

// dominant is the largest of a party's shares of the fleet; f.mu is held.
func (f *fleet) dominant(p *party) float64 {
	part := func(has, whole int64) float64 { return float64(has) / float64(max(whole, 1)) }
	return max(part(p.has.jobs, f.whole.jobs), part(p.has.memory, f.whole.memory))
}

// allows says whether the quota has room for one more job.
func (p *party) allows(s share) bool {
	then, q := p.has.plus(s), p.may
	return then.jobs <= int64(q.ConcurrentJobs) && then.micros <= micros(q.CPUs) && then.memory <= q.Memory &&
		then.output+q.kept <= q.OutputBytes && then.artifacts+q.artifacts <= q.ArtifactBytes
}

// heldBack returns the tenants who wait because of their quota.
func (f *fleet) heldBack() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var tenants []string
	for _, p := range f.parties {
		if w := f.front(p); w != nil && !p.allows(w.share) {
			tenants = append(tenants, p.tenant)
		}
	}
	return tenants
}

// allowanceIs notes what a tenant who waits may take, unless a job has ended
// since that was read, and returns the job that may go on if it has changed.
func (f *fleet) allowanceIs(tenant string, a allowance) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, ok := f.parties[tenant]; ok && len(p.line) > 0 && a.asOf == f.releases && f.allow(tenant, a) {
		return f.first()
	}
	return nil
}
