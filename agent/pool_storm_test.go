package agent

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"glovebox"
	"glovebox/internal/nodev1"
)

// TestPoolStorm: jobs of several tenants, a pool that is too small, claims and
// refills that fail now and then, and agents that are killed. Every job runs
// once, its output is whole, and nothing is left.
func TestPoolStorm(t *testing.T) {
	r, node := newPoolRig(t, 2, 6)
	var broken atomic.Int64
	now := func(n int64) func(string) error {
		return func(id string) error {
			if broken.Add(1)%n == 0 {
				return glovebox.Errorf(glovebox.KindStart, "broken")
			}
			return nil
		}
	}
	node.setFail("claim", now(5))
	node.setFail("park", now(7))
	r.halt = func(_, step string) bool { return step == "drain" }
	r.start()
	from := map[string]int{}
	for round := range 6 {
		var ids []string
		for i := range 12 {
			ids = append(ids, r.job(hello, func(w *nodev1.Work) { w.Tenant = fmt.Sprint("t", i%3) }))
		}
		if round%2 == 1 {
			r.called()
			for range rand.IntN(20) {
				r.agent.pool.ids() // a little later each time
			}
			r.restart()
		}
		for _, id := range ids {
			s := r.exited(id)
			if kind := s.GetExit().GetFault().GetKind(); kind != "" && kind != "node_lost" {
				t.Errorf("told %v", s)
			}
			from[s.GetStartedFrom()]++
			if out, _ := r.shipped(id, s.GetStdout()+s.GetStderr()); s.GetExit().GetFault() == nil && out != "hello\n" {
				t.Errorf("output %q", out)
			}
			if n := node.runs(id); n > 1 || n == 0 && s.GetExit().GetFault() == nil {
				t.Errorf("%s ran %d times: %v", id, n, s)
			}
			r.finished(id)
		}
	}
	t.Logf("started %v", from)
	if from[glovebox.FromPool] == 0 || from[glovebox.FromCold] == 0 {
		t.Errorf("started %v; this test shows nothing", from)
	}
	node.setFail("park", nil)
	r.halt = nil
	r.restart()
	r.pool("at rest", func(p *nodev1.Pool) bool { return parkedOf(p) >= 2 && parkedOf(p) == len(p.GetSlots()) })
	r.stop()
	if got := node.parked(); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	node.mu.Lock()
	defer node.mu.Unlock()
	if len(node.boxes) != 0 {
		t.Errorf("%d sandboxes are left", len(node.boxes))
	}
}
