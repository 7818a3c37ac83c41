package agent

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// TestWarmStart: a job is started from the pool, which is filled again and told
// of, and is empty when the agent has gone.
func TestWarmStart(t *testing.T) {
	r, node := newPoolRig(t, 2, 4)
	r.cfg.Capacity = glovebox.Capacity{Sandboxes: 8, Memory: 4 << 30}
	r.start()
	told := r.has(2)
	if told.GetFloor() != 2 || told.GetCeiling() != 4 || told.GetTarget() != 2 || told.GetRefills() != 2 ||
		told.GetMemory() != 10<<20 || told.GetRefillCpu().AsDuration() != 30*time.Millisecond || told.GetRefillWall() == nil {
		t.Errorf("told %v", told)
	}
	if got := r.control.reqs[0].GetCapacity().GetMemory(); got != 3<<30 {
		t.Errorf("offers %d bytes to jobs", got)
	}
	id := r.job(hello)
	s := r.exited(id)
	if s.GetStartedFrom() != glovebox.FromPool || s.GetExit().GetFault() != nil {
		t.Errorf("told %v", s)
	}
	if out, _ := r.shipped(id, 13); out != "hello\n" {
		t.Errorf("output %q", out)
	}
	told = r.pool("filled again", func(p *nodev1.Pool) bool { return p.GetHits() == 1 && parkedOf(p) == 2 && p.GetClaimP50() != nil })
	if len(told.GetMisses()) > 0 || told.GetRefills() != 3 {
		t.Errorf("told %v", told)
	}
	if got := node.parked(); len(got) != 2 {
		t.Errorf("parked %v", got)
	}
	r.finished(id)
	for _, slot := range told.GetSlots() {
		if _, ok := node.lives.Load(slot.GetId()); !ok {
			t.Errorf("%s does not count as live when residue is looked for", slot.GetId())
		}
	}
	r.stop()
	if got := node.parked(); len(got) != 0 {
		t.Errorf("left at a stop: %v", got)
	}
}

// TestPoolOff: without a pool everything starts as before, and says so.
func TestPoolOff(t *testing.T) {
	r, node := newPoolRig(t, 0, 0)
	r.cfg.Capacity = glovebox.Capacity{Memory: 4 << 30}
	r.start()
	id := r.job(hello)
	if s := r.exited(id); s.GetStartedFrom() != glovebox.FromCold {
		t.Errorf("told %v", s)
	}
	r.pool("a miss", func(p *nodev1.Pool) bool { return p.GetMisses()[missOff] == 1 && p.GetCeiling() == 0 })
	if node.count("park") != 0 || r.control.reqs[0].GetCapacity().GetMemory() != 4<<30 {
		t.Error("something is parked, or kept for it")
	}
	r.finished(id)
}

// TestWarmDoesNotWait: a parked sandbox is claimed while cold starts stand in
// line, and no refill begins meanwhile.
func TestWarmDoesNotWait(t *testing.T) {
	r, node := newPoolRig(t, 2, 4)
	r.cfg.Starts = 1
	free := make(chan struct{})
	node.setFail("create", func(id string) error {
		if r.control.startsCold(id) {
			<-free
		}
		return nil
	})
	r.start()
	r.has(2)
	var cold []string
	for range 3 {
		cold = append(cold, r.job(hello, func(w *nodev1.Work) { w.Runtime = glovebox.RuntimeRunc }))
	}
	eventually(t, "cold starts in line", func() bool {
		r.agent.pool.mu.Lock()
		defer r.agent.pool.mu.Unlock()
		return r.agent.pool.cold == 3
	})
	warm := r.job(hello)
	if s := r.exited(warm); s.GetStartedFrom() != glovebox.FromPool {
		t.Errorf("told %v", s)
	}
	r.pool("one fewer", func(p *nodev1.Pool) bool { return p.GetHits() == 1 })
	time.Sleep(4 * r.agent.pool.every) // for a refill that should not be
	if n := node.count("park"); n != 2 {
		t.Errorf("%d were made while cold starts waited", n-2)
	}
	close(free)
	for _, id := range cold {
		if s := r.exited(id); s.GetStartedFrom() != glovebox.FromCold {
			t.Errorf("told %v", s)
		}
	}
	r.has(2)
	if told := r.has(2); told.GetHits() != 1 || len(told.GetMisses()) != 0 {
		t.Errorf("told %v: runc's jobs are none of the pool's", told)
	}
	for _, id := range append(cold, warm) {
		r.finished(id)
	}
}

// startsCold says whether the order of a sandbox names another runtime.
func (c *testControl) startsCold(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.orders[id].GetWork().GetRuntime() != glovebox.RuntimeGVisor
}

// TestClaimFails: whatever is wrong with a parked sandbox, the job is started
// cold at once, and nothing of the other is left.
func TestClaimFails(t *testing.T) {
	for name, fail := range map[string]error{
		"hangs":       errHangs,
		"failed":      glovebox.Errorf(glovebox.KindStart, "broken"),
		"unavailable": glovebox.Errorf(glovebox.KindUnavailable, "the shim is away"),
		"conflict":    glovebox.Errorf(glovebox.KindConflict, "it exists"),
	} {
		t.Run(name, func(t *testing.T) {
			r, node := newPoolRig(t, 1, 1)
			node.setFail("claim", func(string) error { return fail })
			r.start()
			first := r.has(1).GetSlots()[0].GetId()
			id := r.job(hello)
			s := r.exited(id)
			if s.GetStartedFrom() != glovebox.FromCold || s.GetExit().GetFault() != nil {
				t.Errorf("told %v", s)
			}
			if out, _ := r.shipped(id, 13); out != "hello\n" {
				t.Errorf("output %q", out)
			}
			r.pool("a miss", func(p *nodev1.Pool) bool {
				return p.GetMisses()[missFailed] == 1 && p.GetHits() == 0 && p.GetClaimP50() == nil
			})
			r.has(1)
			if slices.Contains(node.parked(), first) {
				t.Errorf("%s is left", first)
			}
			r.finished(id)
		})
	}
}

// TestJobsFault: what is the job's own fault is told at once, and not tried
// again cold.
func TestJobsFault(t *testing.T) {
	r, node := newPoolRig(t, 1, 1)
	node.setFail("claim", func(id string) error { return glovebox.Errorf(glovebox.KindNoExecutable, "no such program") })
	r.start()
	r.has(1)
	id := r.job(hello)
	if s := r.exited(id); s.GetExit().GetFault().GetKind() != "no_executable" || s.GetStartedFrom() != glovebox.FromPool {
		t.Errorf("told %v", s)
	}
	if node.count("create") != 0 {
		t.Error("tried again cold")
	}
	r.finished(id)
}

// TestEmptyPool: what the pool has not enough for starts cold.
func TestEmptyPool(t *testing.T) {
	r, node := newPoolRig(t, 2, 2)
	r.start()
	r.has(2)
	hold := make(chan struct{})
	node.setFail("park", func(string) error { <-hold; return nil })
	var ids []string
	for range 6 {
		ids = append(ids, r.job(hello))
	}
	from := map[string]int{}
	for _, id := range ids {
		from[r.exited(id).GetStartedFrom()]++
	}
	close(hold)
	if from[glovebox.FromPool] != 2 || from[glovebox.FromCold] != 4 {
		t.Errorf("started %v", from)
	}
	r.pool("counted", func(p *nodev1.Pool) bool { return p.GetHits() == 2 && p.GetMisses()[missEmpty] == 4 })
	for _, id := range ids {
		r.finished(id)
	}
}

// TestUnfair: a tenant that has taken most gets none of the last while another
// is there, and starts cold.
func TestUnfair(t *testing.T) {
	r, node := newPoolRig(t, 4, 4)
	r.start()
	r.has(4)
	node.setFail("park", func(string) error { return glovebox.Errorf(glovebox.KindUnavailable, "no more") })
	of := func(tenant string) func(*nodev1.Work) { return func(w *nodev1.Work) { w.Tenant = tenant } }
	start := func(tenant string) string {
		id := r.job(hello, of(tenant))
		from := r.exited(id).GetStartedFrom()
		r.finished(id)
		return from
	}
	got := []string{start("b"), start("a"), start("a"), start("a"), start("b")}
	if want := []string{glovebox.FromPool, glovebox.FromPool, glovebox.FromPool, glovebox.FromCold, glovebox.FromPool}; !slices.Equal(got, want) {
		t.Errorf("started %v, want %v", got, want)
	}
	r.pool("counted", func(p *nodev1.Pool) bool { return p.GetMisses()[missUnfair] == 1 })
}

// TestParkFails: a template that cannot be made is left alone for longer and
// longer, and jobs do not notice.
func TestParkFails(t *testing.T) {
	r, node := newPoolRig(t, 2, 2)
	node.setFail("park", func(string) error { return glovebox.Errorf(glovebox.KindUnavailable, "not now") })
	r.start()
	id := r.job(hello)
	if s := r.exited(id); s.GetStartedFrom() != glovebox.FromCold || s.GetExit().GetFault() != nil {
		t.Errorf("told %v", s)
	}
	r.pool("failures", func(p *nodev1.Pool) bool { return p.GetFailures() >= 2 })
	if n := node.count("park"); n > 8 {
		t.Errorf("%d tries", n)
	}
	node.setFail("park", nil)
	r.has(2)
	r.finished(id)
}

// TestParkedResidue: one that does not go away is named until it does.
func TestParkedResidue(t *testing.T) {
	r, node := newPoolRig(t, 1, 1)
	node.setFail("claim", func(string) error { return glovebox.Errorf(glovebox.KindStart, "broken") })
	r.start()
	first := r.has(1).GetSlots()[0].GetId()
	node.setResidue(glovebox.Residue{Kind: "mount", Name: "/x", Sandbox: first})
	id := r.job(hello)
	r.exited(id)
	r.pool("leaving", func(p *nodev1.Pool) bool {
		return slices.ContainsFunc(p.GetSlots(), func(s *nodev1.Slot) bool {
			return s.GetId() == first && s.GetState() == nodev1.SlotState_SLOT_STATE_LEAVING
		})
	})
	node.setResidue()
	r.has(1)
	r.finished(id)
}

// TestStartedFromStays: how a job was started is known to the next agent.
func TestStartedFromStays(t *testing.T) {
	r, _ := newPoolRig(t, 1, 1)
	r.start()
	r.has(1)
	id := r.job(stay)
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	eventually(t, "started", func() bool { return r.node.runs(id) == 1 })
	r.restart()
	r.called()
	if s := r.phase(id, nodev1.Phase_PHASE_RUNNING); s.GetStartedFrom() != glovebox.FromPool || s.GetTemplate() != glovebox.PoolGeneric {
		t.Errorf("told %v", s)
	}
	r.control.stop(id, 0)
	if s := r.exited(id); s.GetStartedFrom() != glovebox.FromPool || s.GetTemplate() != glovebox.PoolGeneric {
		t.Errorf("told %v", s)
	}
	r.restart()
	r.called()
	if s := r.exited(id); s.GetStartedFrom() != glovebox.FromPool || s.GetTemplate() != glovebox.PoolGeneric {
		t.Errorf("told %v", s)
	}
	r.finished(id)
}

// TestKilledWithPool: an agent that was killed leaves what it had parked, and the
// next one destroys it, whatever was being done with it.
func TestKilledWithPool(t *testing.T) {
	for _, step := range []string{"", "stdio", "create", "marker", "start"} {
		t.Run("before "+step, func(t *testing.T) {
			r, node := newPoolRig(t, 2, 2)
			id := ""
			stopped := make(chan struct{}, 1)
			r.halt = func(_, at string) bool {
				if at == step && step != "" {
					signal(stopped)
					return true
				}
				return at == "drain"
			}
			r.start()
			first := r.has(2)
			id = r.job(hello)
			if step == "" {
				r.exited(id)
			} else {
				<-stopped
			}
			before := node.parked()
			r.stop()
			if len(before) == 0 || len(node.parked()) == 0 {
				t.Fatal("nothing is left; this test shows nothing")
			}
			r.halt = nil
			r.start()
			if s := r.exited(id); s.GetExit().GetFault() != nil && step != "" {
				t.Errorf("told %v", s)
			}
			r.has(2)
			for _, slot := range first.GetSlots() {
				if slices.Contains(node.parked(), slot.GetId()) {
					t.Errorf("%s was parked by the agent before and is still there", slot.GetId())
				}
			}
			if got := node.parked(); len(got) != 2 {
				t.Errorf("parked %v", got)
			}
			if n := node.runs(id); n != 1 {
				t.Errorf("ran %d times", n)
			}
			r.finished(id)
			r.stop()
			if got := node.parked(); len(got) != 0 {
				t.Errorf("left: %v", got)
			}
			if _, err := os.Stat(filepath.Join(r.dir, dirSandboxes, id)); err == nil {
				t.Error("its folder is left")
			}
		})
	}
}

// TestPoolIDs: what is parked is never taken for a job's, nor the other way round.
func TestPoolIDs(t *testing.T) {
	for range 1000 {
		id := glovebox.NewID(prefixParked)
		if job, attempt, ok := parseID(id); ok || !isParked(id) {
			t.Fatalf("%s is attempt %d of %s", id, attempt, job)
		}
	}
	if id := glovebox.SandboxID(glovebox.NewID(prefixParked), 1); isParked(id) {
		t.Errorf("%s is no job's", id)
	}
}

// TestResidueOfFormerID: what is left of a sandbox under the id under which it
// was parked is its residue too, also for the next agent.
func TestResidueOfFormerID(t *testing.T) {
	for _, again := range []bool{false, true} {
		r, node := newPoolRig(t, 1, 1)
		r.start()
		was := r.has(1).GetSlots()[0].GetId()
		id := r.job(hello)
		r.exited(id)
		r.shipped(id, 13)
		if again {
			r.restart()
			r.called()
		}
		node.setResidue(glovebox.Residue{Kind: "cgroup", Name: "/x", Sandbox: was})
		r.control.drop(id)
		s := r.until(id, "with residue", func(s *nodev1.Sandbox) bool { return len(s.GetResidue()) > 0 })
		if s.GetResidue()[0].GetName() != "/x" {
			t.Errorf("told %v", s)
		}
		eventually(t, "destroyed under its former id", func() bool {
			node.mu.Lock()
			defer node.mu.Unlock()
			return slices.Contains(node.calls, "destroy "+was)
		})
		node.setResidue()
		r.finished(id)
	}
}

// TestPoolGone: when all that was parked has died, one job finds out, and is
// started cold; the pool is filled anew.
func TestPoolGone(t *testing.T) {
	r, node := newPoolRig(t, 3, 3)
	r.start()
	r.has(3)
	node.mu.Lock()
	clear(node.boxes)
	node.mu.Unlock()
	var got []string
	for range 2 {
		id := r.job(hello)
		s := r.exited(id)
		if s.GetExit().GetFault() != nil {
			t.Errorf("told %v", s)
		}
		got = append(got, s.GetStartedFrom())
		r.pool("full again", func(p *nodev1.Pool) bool { return p.GetRefills() >= 6 && parkedOf(p) == 3 })
		r.finished(id)
	}
	if got[0] != glovebox.FromCold || got[1] != glovebox.FromPool {
		t.Errorf("started %v", got)
	}
}
