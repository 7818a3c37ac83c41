package orchestrator

import (
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"glovebox"
)

// fleet knows the nodes, who has room on them, and who waits. It is a view:
// what was placed stands in the jobs, and recover tells it again after a
// restart.
type fleet struct {
	mu      sync.Mutex
	since   time.Time // the first node was seen
	nodes   map[string]glovebox.Node
	whole   share            // capacity of all nodes together
	largest map[string]int64 // memory of the largest node, by runtime
	used    map[string]share // by node
	taken   map[string]place // by job
	waiters map[string]*waiter
	parties map[string]*party // by tenant; only those that wait or have something
	turn    *waiter           // who is next, until placed or gone; see next
	clock   int64             // counts arrivals and placements

	releases int64 // counts the jobs that have given something back
}

// share is a part of a node or of the fleet.
type share struct {
	jobs, micros, memory int64
	output, artifacts    int64 // bytes that may come to be kept
}

func (s share) plus(o share) share {
	return share{s.jobs + o.jobs, s.micros + o.micros, s.memory + o.memory, s.output + o.output, s.artifacts + o.artifacts}
}

func (s share) minus(o share) share {
	return share{s.jobs - o.jobs, s.micros - o.micros, s.memory - o.memory, s.output - o.output, s.artifacts - o.artifacts}
}

// shareOf is what a job takes. CPUs are counted in millionths, because a sum of
// fractions that came and went is not zero again. Of a job that has left its node
// before its output is final, that output is all.
func shareOf(job glovebox.Job) share {
	limits := job.Spec.Limits
	if job.Status.Ended() && glovebox.AllGone(job.Ledger) {
		return share{output: limits.Output, artifacts: limits.Artifacts}
	}
	return share{1, micros(limits.CPUs), limits.Memory, limits.Output, limits.Artifacts}
}

// holds says whether a job that was placed still takes something: room on its
// node, or room for output of which it is not known how much will be kept.
func holds(job glovebox.Job) bool {
	return !glovebox.AllGone(job.Ledger) || job.Attempt > 0 && !job.Output.Sealed
}

func micros(cpus float64) int64 { return int64(math.Round(cpus * 1e6)) }

// place is where a job has its share.
type place struct {
	node, tenant string
	share        share
	attempt      int
}

func newFleet() *fleet {
	return &fleet{
		nodes: map[string]glovebox.Node{}, used: map[string]share{}, taken: map[string]place{},
		waiters: map[string]*waiter{}, parties: map[string]*party{},
	}
}

// seen notes a node and returns the job that may fit now.
func (f *fleet) seen(n glovebox.Node, now time.Time) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.nodes) == 0 {
		f.since = now
	}
	old, known := f.nodes[n.Name]
	f.nodes[n.Name] = n
	if known && old.Capacity == n.Capacity && slices.Equal(old.Runtimes, n.Runtimes) {
		return nil
	}
	f.measure()
	return f.first()
}

// errStale: a job has ended since the allowance was read, so what it has left
// may not be in it, nor in what is reserved. Read it again.
var errStale = errors.New("the allowance is stale")

// reserve takes room for a job if it is its turn, or puts it in line. wake is
// the job that may go on because of it, if any. With errStale nothing was done.
func (f *fleet) reserve(job glovebox.Job, a allowance) (node string, ok bool, wake []string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, ok := f.taken[job.ID]; ok && p.attempt > job.Attempt {
		return p.node, true, nil, nil
	}
	f.give(job.ID) // a former attempt's, of which nothing is left
	if a.asOf != f.releases {
		return "", false, nil, errStale
	}
	changed := f.allow(job.Tenant, a)
	w := f.enter(job)
	if f.next() != w {
		if changed {
			return "", false, f.first(), nil
		}
		return "", false, nil, nil
	}
	for name, n := range f.nodes {
		if f.fits(n, w) {
			f.leave(job.ID)
			f.take(job.ID, place{name, job.Tenant, w.share, job.Attempt + 1})
			return name, true, f.first(), nil // there may be room for the next one, too
		}
	}
	return "", false, nil, nil
}

// ended counts the jobs that have given something back.
func (f *fleet) ended() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.releases
}

// fits says whether a node has room; f.mu is held.
func (f *fleet) fits(n glovebox.Node, w *waiter) bool {
	return (w.node == "" || w.node == n.Name) && room(n, f.used[n.Name].plus(w.share), w.runtime)
}

// room says whether a node can have so much of a runtime.
func room(n glovebox.Node, s share, runtime string) bool {
	return s.jobs <= n.Capacity.Sandboxes && s.memory <= n.Capacity.Memory && slices.Contains(n.Runtimes, runtime)
}

// take gives a job its place; f.mu is held.
func (f *fleet) take(job string, p place) {
	f.give(job)
	f.taken[job] = p
	f.used[p.node] = f.used[p.node].plus(p.share)
	party := f.party(p.tenant)
	party.has, party.on[p.node] = party.has.plus(p.share), party.on[p.node].plus(p.share)
	f.clock++
	party.since = f.clock // the next one of this tenant waits from now on
}

// give takes a job's place away, if it has one; f.mu is held.
func (f *fleet) give(job string) bool {
	p, ok := f.taken[job]
	if !ok {
		return false
	}
	delete(f.taken, job)
	f.releases++
	f.used[p.node] = f.used[p.node].minus(p.share)
	party := f.party(p.tenant)
	party.has = party.has.minus(p.share)
	if party.on[p.node] = party.on[p.node].minus(p.share); party.on[p.node] == (share{}) {
		delete(party.on, p.node)
	}
	f.forget(party)
	return true
}

// adopt notes a job that was placed, or what is left of it, and returns the job
// that may go on if that one was in its way.
func (f *fleet) adopt(job glovebox.Job) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := place{job.Node, job.Tenant, shareOf(job), job.Attempt}
	had, other := f.taken[job.ID], f.taken[job.ID] != p
	if other {
		f.take(job.ID, p)
	}
	if f.leave(job.ID) || other && had != (place{}) {
		return f.first()
	}
	return nil
}

// release gives a job's room, or its place in line, back and returns the job
// that may fit now.
func (f *fleet) release(id string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	had, left := f.give(id), f.leave(id)
	if had || left {
		return f.first()
	}
	return nil
}

// vacate gives back the room of a former attempt, not that which was reserved
// for the next one, and returns the job that may fit now.
func (f *fleet) vacate(job glovebox.Job) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, ok := f.taken[job.ID]; !ok || p.attempt > job.Attempt {
		return nil
	}
	f.give(job.ID)
	return f.first()
}

// known returns the jobs that take room, and the one that is next.
func (f *fleet) known() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := f.first()
	for id := range f.taken {
		ids = append(ids, id)
	}
	return ids
}

func (f *fleet) waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiters)
}

func (f *fleet) placed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := int64(0)
	for _, s := range f.used {
		n += s.jobs
	}
	return int(n)
}

// has is what a tenant's jobs take.
func (f *fleet) has(tenant string) share {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, ok := f.parties[tenant]; ok {
		return p.has
	}
	return share{}
}
