package orchestrator

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"glovebox"
)

// hall is a fleet with somebody who does what workers do: whoever is woken asks
// for room. It keeps its own books, and checks what must hold after each step.
type hall struct {
	*fleet
	t       *rapid.T
	node    glovebox.Node
	quotas  map[string]glovebox.Quota
	waiting map[string][]glovebox.Job // by tenant, first come first
	running map[string]glovebox.Job
	overrun map[string]map[string]int // by a tenant that waits with nothing: placements of others
	serial  int
}

// ask is reserve for tenants that keep nothing yet.
func (f *fleet) ask(job glovebox.Job, q glovebox.Quota) (node string, ok bool, wake []string) {
	node, ok, wake, err := f.reserve(job, allowance{Quota: q, asOf: f.ended()})
	return node, ok && err == nil, wake
}

var tenants = []string{"a", "b", "c", "d"}

func newHall(t *rapid.T) *hall {
	h := &hall{fleet: newFleet(), t: t, quotas: map[string]glovebox.Quota{}, waiting: map[string][]glovebox.Job{},
		running: map[string]glovebox.Job{}, overrun: map[string]map[string]int{}}
	h.node = glovebox.Node{Name: "n1", Runtimes: []string{"gvisor"},
		Capacity: glovebox.Capacity{Sandboxes: int64(rapid.IntRange(1, 6).Draw(t, "places")), Memory: 8}}
	for _, name := range tenants {
		h.quotas[name] = drawQuota(t)
	}
	h.wake(h.seen(h.node, time.Unix(1, 0)))
	return h
}

// drawQuota draws one in which every job of the hall can run.
func drawQuota(t *rapid.T) glovebox.Quota {
	return glovebox.Quota{
		ConcurrentJobs: rapid.IntRange(1, 6).Draw(t, "jobs"),
		CPUs:           float64(rapid.IntRange(3, 12).Draw(t, "tenths")) / 10,
		Memory:         int64(rapid.IntRange(8, 16).Draw(t, "memory")),
		OutputBytes:    int64(rapid.IntRange(2, 8).Draw(t, "output")),
	}
}

func (h *hall) arrive(t *rapid.T) {
	h.serial++
	job := glovebox.Job{ID: fmt.Sprint("j", h.serial), Tenant: rapid.SampledFrom(tenants).Draw(t, "tenant")}
	job.Spec.Runtime = "gvisor"
	job.Spec.Limits.CPUs = float64(rapid.IntRange(1, 3).Draw(t, "tenths")) / 10
	job.Spec.Limits.Memory = int64(rapid.SampledFrom([]int{1, 1, 1, 2, 4, 8}).Draw(t, "memory"))
	job.Spec.Limits.Output = int64(rapid.IntRange(1, 2).Draw(t, "output"))
	h.waiting[job.Tenant] = append(h.waiting[job.Tenant], job)
	h.wake([]string{job.ID})
}

func (h *hall) end(t *rapid.T) {
	ids := h.runningIDs()
	if len(ids) == 0 {
		return
	}
	id := rapid.SampledFrom(ids).Draw(t, "job")
	delete(h.running, id)
	h.wake(h.release(id))
}

func (h *hall) leaveLine(t *rapid.T) {
	tenant := rapid.SampledFrom(tenants).Draw(t, "tenant")
	if n := len(h.waiting[tenant]); n > 0 {
		i := rapid.IntRange(0, n-1).Draw(t, "place")
		id := h.waiting[tenant][i].ID
		h.waiting[tenant] = slices.Delete(h.waiting[tenant], i, i+1)
		delete(h.overrun, tenant)
		h.wake(h.release(id))
	}
}

func (h *hall) changeQuota(t *rapid.T) {
	tenant := rapid.SampledFrom(tenants).Draw(t, "tenant")
	h.quotas[tenant] = drawQuota(t)
	delete(h.overrun, tenant)
	h.wake(h.allowanceIs(tenant, allowance{Quota: h.quotas[tenant], asOf: h.ended()}))
}

func (h *hall) grow(t *rapid.T) {
	h.node.Capacity.Sandboxes = min(h.node.Capacity.Sandboxes+1, 10)
	h.wake(h.seen(h.node, time.Unix(2, 0)))
}

func (h *hall) runningIDs() []string {
	ids := make([]string, 0, len(h.running))
	for id := range h.running {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// wake is the workers.
func (h *hall) wake(ids []string) {
	for len(ids) > 0 {
		id := ids[0]
		ids = ids[1:]
		for tenant, line := range h.waiting {
			if i := slices.IndexFunc(line, func(j glovebox.Job) bool { return j.ID == id }); i >= 0 {
				_, ok, more := h.ask(line[i], h.quotas[tenant])
				if ids = append(ids, more...); ok {
					h.wasPlaced(line[i], i)
				}
				break
			}
		}
	}
	h.check()
}

// wasPlaced: nobody overtakes within a tenant, and a tenant that waits with
// nothing sees each other tenant go first once at most.
func (h *hall) wasPlaced(job glovebox.Job, i int) {
	if i != 0 {
		h.t.Fatalf("%s overtook the first in line of %s", job.ID, job.Tenant)
	}
	h.running[job.ID] = job
	h.waiting[job.Tenant] = h.waiting[job.Tenant][1:]
	if has := h.sum(job.Tenant); !within(has, h.quotas[job.Tenant]) {
		h.t.Fatalf("%s has %+v, above %+v", job.Tenant, has, h.quotas[job.Tenant])
	}
	delete(h.overrun, job.Tenant)
	for tenant, others := range h.overrun {
		if others[job.Tenant]++; others[job.Tenant] > 1 {
			h.t.Fatalf("%s has nothing and waits, and %s was served twice", tenant, job.Tenant)
		}
	}
}

func (h *hall) sum(tenant string) share {
	s := share{}
	for _, job := range h.running {
		if tenant == "" || job.Tenant == tenant {
			s = s.plus(shareOf(job))
		}
	}
	return s
}

func within(s share, q glovebox.Quota) bool {
	return s.jobs <= int64(q.ConcurrentJobs) && float64(s.micros) <= q.CPUs*1e6+0.5 && s.memory <= q.Memory && s.output <= q.OutputBytes
}

// check compares the books, and that nobody waits who could go.
func (h *hall) check() {
	all, could := h.sum(""), false
	if all.jobs > h.node.Capacity.Sandboxes || all.memory > h.node.Capacity.Memory {
		h.t.Fatalf("the node has %+v of %+v", all, h.node.Capacity)
	}
	for _, tenant := range tenants {
		has := h.sum(tenant)
		if got := h.has(tenant); got != has {
			h.t.Fatalf("%s has %+v, and the fleet says %+v", tenant, has, got)
		}
		if len(h.waiting[tenant]) == 0 {
			delete(h.overrun, tenant)
			continue
		}
		then, most := has.plus(shareOf(h.waiting[tenant][0])), h.node.Capacity
		if !within(then, h.quotas[tenant]) || then.jobs > most.Sandboxes || then.memory > most.Memory { // waits for itself alone
			delete(h.overrun, tenant)
			continue
		}
		could = true
		if has == (share{}) && h.overrun[tenant] == nil {
			h.overrun[tenant] = map[string]int{}
		}
	}
	next := h.turn
	if could != (next != nil) {
		h.t.Fatalf("somebody could go: %v; the turn is %+v", could, next)
	}
	if could && h.fits(h.node, next) {
		h.t.Fatalf("%s fits and waits", next.job)
	}
	if n := len(h.parties); n > len(tenants) || len(h.running)+len(h.waiters) == 0 && n > 0 {
		h.t.Fatalf("%d parties are remembered", n)
	}
}

// TestFairQueue plays random stories, and then lets everything run to its end:
// whoever waits is served in time.
func TestFairQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHall(t)
		t.Repeat(map[string]func(*rapid.T){
			"arrive": h.arrive, "arrive, too": h.arrive, "arrive once more": h.arrive, "end": h.end, "end, too": h.end,
			"leave": h.leaveLine, "quota": h.changeQuota, "node": h.grow,
		})
		for round := 0; len(h.waiters) > 0; round++ {
			if round > 2*h.serial {
				t.Fatalf("%d are never served", len(h.waiters))
			}
			h.end(t)
		}
		for range len(h.running) {
			h.end(t)
		}
	})
}

// TestFloodDelaysByOne: behind ten thousand jobs of another tenant, the first
// job of this one waits for one placement.
func TestFloodDelaysByOne(t *testing.T) {
	f, quota := newFleet(), glovebox.DefaultQuota()
	f.seen(glovebox.Node{Name: "n1", Runtimes: []string{"gvisor"}, Capacity: glovebox.Capacity{Sandboxes: 4, Memory: 1 << 40}}, time.Unix(1, 0))
	job := func(tenant string, n int) glovebox.Job {
		j := glovebox.Job{ID: fmt.Sprint(tenant, n), Tenant: tenant}
		j.Spec.Runtime, j.Spec.Limits = "gvisor", glovebox.DefaultLimits()
		return j
	}
	flood := map[string]glovebox.Job{}
	var running []string
	for n := range 10_000 {
		j := job("flood", n)
		flood[j.ID] = j
		if _, ok, _ := f.ask(j, quota); ok {
			running = append(running, j.ID)
		}
	}
	if len(running) != 4 {
		t.Fatalf("%d run", len(running))
	}
	first := job("quiet", 0)
	if _, ok, _ := f.ask(first, quota); ok {
		t.Fatal("there was no room")
	}
	for placements := 0; ; {
		wake := f.release(running[0])
		running = running[1:]
		if len(wake) != 1 {
			t.Fatalf("woken: %v", wake)
		}
		if wake[0] == first.ID {
			if _, ok, _ := f.ask(first, quota); !ok || placements > 1 {
				t.Errorf("placed: %v, after %d of the flood", ok, placements)
			}
			return
		}
		if _, ok, _ := f.ask(flood[wake[0]], quota); !ok {
			t.Fatal("nobody is placed")
		}
		running = append(running, wake[0])
		if placements++; placements > 10 {
			t.Fatal("the flood goes on and on")
		}
	}
}

// TestEqualShares: two tenants that both want everything come to have half
// each, by memory if that is what runs out, give or take two of the larger jobs:
// the one whose turn it is, and what ended while it waited for room.
func TestEqualShares(t *testing.T) {
	f, quota := newFleet(), glovebox.DefaultQuota()
	f.seen(glovebox.Node{Name: "n1", Runtimes: []string{"gvisor"}, Capacity: glovebox.Capacity{Sandboxes: 100, Memory: 64}}, time.Unix(1, 0))
	jobs := map[string]glovebox.Job{}
	var order []string
	wake := func(ids []string) {
		for len(ids) > 0 {
			_, ok, more := f.ask(jobs[ids[0]], quota)
			if ok {
				order = append(order, ids[0])
			}
			ids = append(ids[1:], more...)
		}
	}
	for n := range 400 {
		for tenant, memory := range map[string]int64{"large": 4, "small": 1} {
			j := glovebox.Job{ID: fmt.Sprint(tenant, n), Tenant: tenant}
			j.Spec.Runtime, j.Spec.Limits = "gvisor", glovebox.Limits{CPUs: 1, Memory: memory}
			jobs[j.ID] = j
			wake([]string{j.ID})
		}
	}
	for range 200 {
		id := order[0]
		order = order[1:]
		wake(f.release(id))
	}
	large, small := f.has("large"), f.has("small")
	if diff := large.memory - small.memory; diff < -8 || diff > 8 || large.memory+small.memory < 60 {
		t.Errorf("large has %d, small has %d", large.memory, small.memory)
	}
}

// TestWaitingForOneself: a tenant whose next job fits only when its own jobs
// have ended holds up nobody else, and has its turn then.
func TestWaitingForOneself(t *testing.T) {
	f, quota := newFleet(), glovebox.DefaultQuota()
	f.seen(glovebox.Node{Name: "n1", Runtimes: []string{"gvisor"}, Capacity: glovebox.Capacity{Sandboxes: 100, Memory: 8 << 30}}, time.Unix(1, 0))
	place := func(id, tenant string, memory int64) bool {
		_, ok, _ := f.ask(glovebox.Job{ID: id, Tenant: tenant, Spec: glovebox.Spec{
			Runtime: glovebox.RuntimeGVisor, Limits: glovebox.Limits{Memory: memory}}}, quota)
		return ok
	}
	if !place("long", "greedy", 64<<20) || place("whole", "greedy", 8<<30) {
		t.Fatal("the case is another one")
	}
	if !place("b1", "b", 64<<20) || !place("b2", "b", 64<<20) {
		t.Error("others wait for a tenant that waits for itself")
	}
	f.release("long")
	if place("b3", "b", 64<<20) {
		t.Error("the turn is not the large job's")
	}
	f.release("b1")
	if wake := f.release("b2"); !slices.Equal(wake, []string{"whole"}) || !place("whole", "greedy", 8<<30) {
		t.Errorf("the large job is not placed: %v", wake)
	}
}
