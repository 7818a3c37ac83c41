package campaign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/fault"
)

// bound is how much virtual time a run may take: the longest wait for a node
// that does not answer is engine.ProvisionTime.
const bound = 45 * time.Minute

// looks are the calls that only look. They go on for as long as a run lasts, so
// each kind is hit a few times (GLOVEBOX_LOOKS); all others until a run needs no
// such call.
var looks = []string{
	"store.Job", "store.DueJobs", "store.ExpiredJobs", "store.ListJobs", "store.KeptOutput", "store.KeptArtifacts",
	"blobs.Stat", "images.Find", "provider.Owned", "inventory.Residue", "network.Residue", "watcher.Watched", "saver.Snapshots",
	"client.Watch", "wire.Sync",
}

const fewLooks = 6

// points are the calls of a run that are worth hitting, in order.
func points(calls map[[2]string]int) (all []point) {
	few := number("GLOVEBOX_LOOKS", fewLooks)
	for key, n := range calls {
		if slices.Contains(looks, key[1]) {
			n = min(n, few)
		}
		for nth := range n {
			all = append(all, point{key[0], key[1], nth})
		}
	}
	slices.SortFunc(all, func(a, b point) int {
		return cmp.Or(strings.Compare(a.process, b.process), strings.Compare(a.name, b.name), cmp.Compare(a.nth, b.nth))
	})
	return all
}

// point is one call that can be hit.
type point struct {
	process, name string
	nth           int
}

// String is the name of a subtest.
func (p point) String() string { return fmt.Sprintf("%s.%s.%d", p.process, p.name, p.nth) }

// crowd plays everyKind in a world of one control and one node under a plan, and
// returns what was hit.
func crowd(t *testing.T, warm int, plans fault.Plan) (calls map[[2]string]int, hits []fault.Hit) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, plan{controls: 1, nodes: []int{0}, warm: warm, faults: plans})
		defer w.end()
		w.ready()
		asks := everyKind()
		c := w.play(bound, asks)
		calls, hits = w.faults.Named(), w.faults.Hits()
		w.settled(5*time.Minute, c, asks, func(a ask, _ glovebox.Job, is end) bool { return excused(a, is, w.faults.Hits()) })
		w.repeated(c, asks)
		if t.Failed() {
			t.Logf("after %s of virtual time, hit: %v", w.since(), hits)
		}
	})
	return calls, hits
}

// repeated submits everything once more, under the same keys, and wants the
// same jobs.
func (w *world) repeated(c *clients, asks []ask) {
	w.faults.Set(nil)
	for _, a := range asks {
		ctx, cancel := contextFor(time.Minute)
		if id := c.submit(ctx, a); id != c.ids[a.name] {
			w.t.Errorf("%s, submitted again with its key, is %s and not %s", a.name, id, c.ids[a.name])
			count("doubled", 1)
		}
		cancel()
	}
}

// excused says whether a fault may have had a job end otherwise. What hits the
// store, the blobs, the wire or control as a whole must not.
func excused(a ask, is end, hits []fault.Hit) bool {
	for _, h := range hits {
		kind, _, _ := strings.Cut(h.Name, ".")
		switch {
		case h.Name == "images.Resolve" && is == end{glovebox.StatusFailed, glovebox.ReasonImageUnavailable}:
			return a.spec.Image != "here"
		case h.Name == "runtime.Start" && is == nodeLost:
			return true // nobody can tell whether it ran
		case h.Name == "runtime.Signal" && a.cancel > 0 && is.outcome == glovebox.StatusCancelled:
			return true
		case kind == "client" && a.cancel > 0:
			return is.outcome == glovebox.StatusCancelled
		}
	}
	return false
}

// TestEveryFault lets one call of each kind fail, lose its reply, or kill the
// process that makes it, before or after it has its effect: the first such call,
// the second and so on until a run needs no such call.
func TestEveryFault(t *testing.T) {
	for _, warm := range []int{0, 1} {
		t.Run(fmt.Sprintf("warm=%d", warm), func(t *testing.T) {
			calls, _ := crowd(t, warm, nil)
			if t.Failed() {
				t.Fatal("without any fault")
			}
			all := points(calls)
			t.Logf("%d calls of %d kinds", len(all), len(calls))
			for _, p := range all {
				if warm > 0 && !strings.HasPrefix(p.process, "n") {
					continue // as without
				}
				for _, fate := range fault.Fates() {
					if p.process == "client" && (fate == fault.Dies || fate == fault.DiesAfter) {
						continue // nobody waits for a dead client
					}
					t.Run(p.String()+"/"+strings.ReplaceAll(fate.String(), " ", "_"), func(t *testing.T) {
						t.Parallel()
						_, hits := crowd(t, warm, fault.Nth(p.process, p.name, p.nth, fate))
						count("faults", len(hits))
					})
				}
			}
		})
	}
}
