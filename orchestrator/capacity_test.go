package orchestrator_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"glovebox"
)

// TestFirstComeFirstServed: nobody overtakes, and the line drains.
func TestFirstComeFirstServed(t *testing.T) {
	inBubble(t, 2, func(r *rig) {
		r.start()
		var ids []string
		for range 20 {
			ids = append(ids, r.submit("sleep", "1s").ID)
		}
		r.allArchived(5 * time.Minute)
		var last time.Time
		for i, id := range ids {
			placed := r.store.job(id).PlacedAt
			if placed.Before(last) {
				t.Errorf("job %d overtook the one before it", i)
			}
			last = placed
		}
		if r.node.Most() > 2 {
			t.Errorf("%d sandboxes at one time", r.node.Most())
		}
	})
}

// TestLargeJobIsNotStarved: a job that needs much waits, and the small ones
// that come after it wait behind it.
func TestLargeJobIsNotStarved(t *testing.T) {
	inBubble(t, 10, func(r *rig) {
		r.node.Node.Capacity.Memory = 4 << 30
		r.start()
		small := func() glovebox.Job {
			return r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"sleep", "1s"}, Limits: glovebox.Limits{Memory: 1 << 30}})
		}
		small()
		large := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"sleep", "1s"}, Limits: glovebox.Limits{Memory: 4 << 30}})
		var later []glovebox.Job
		for range 5 {
			later = append(later, small())
		}
		r.allArchived(time.Minute)
		for _, j := range later {
			if r.store.job(j.ID).PlacedAt.Before(r.store.job(large.ID).PlacedAt) {
				t.Error("a small job overtook the large one")
			}
		}
	})
}

// TestImpossibleJobHoldsUpNobody: a job is accepted while no node is known, and
// then no node can run it. It ends with a reason, and those behind it do not
// wait for that.
func TestImpossibleJobHoldsUpNobody(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.node.Node.Capacity.Memory = 4 << 30
		call := r.startWithoutNode()
		large := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"never"}, Limits: glovebox.Limits{Memory: 1 << 40}})
		strange := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"never"}, Runtime: glovebox.RuntimeRunc})
		small := r.submit("exit", "0")
		call()
		r.reaches(small.ID, glovebox.StatusArchived)
		if r.status(large.ID) != glovebox.StatusPending {
			t.Error("other nodes were not waited for")
		}
		r.until(3*time.Minute, "the impossible end", func() bool {
			return r.status(large.ID) == glovebox.StatusArchived && r.status(strange.ID) == glovebox.StatusArchived
		})
		if k := r.store.job(strange.ID); k.Reason != glovebox.ReasonProvisionFailed || k.Fault.Kind != glovebox.KindRuntime {
			t.Errorf("%s: %v", k.Reason, k.Fault)
		}
		r.nothingLeft()
	})
}

// TestNodeGrows: those in line are let in when the node says that it has more
// room, or another runtime.
func TestNodeGrows(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		r.submit("sleep", "10m")
		waiting := r.submit("exit", "0")
		time.Sleep(time.Second)
		if r.status(waiting.ID) != glovebox.StatusPending {
			t.Fatal("there was no room")
		}
		node := r.node.Node
		node.Capacity.Sandboxes = 2
		began := time.Now()
		r.NodeSeen(node)
		r.archived(waiting.ID)
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
		r.allArchived(20 * time.Minute)
	})
}

// TestThousandAtOnce: a burst of 1,000 jobs for 50 places, from many callers.
func TestThousandAtOnce(t *testing.T) {
	inBubble(t, 50, func(r *rig) {
		r.start()
		var callers sync.WaitGroup
		for i := range 1000 {
			callers.Go(func() {
				image := "here"
				if i%10 == 0 {
					image = "far"
				}
				r.submitSpec(glovebox.Spec{Image: image, Cmd: []string{"sleep", "100ms"}})
			})
		}
		callers.Wait()
		r.allArchived(5 * time.Minute)
		if n := len(r.store.jobs()); n != 1000 || len(r.node.Starts()) != 1000 {
			t.Errorf("%d jobs, %d were started", n, len(r.node.Starts()))
		}
		if r.node.Most() > 50 {
			t.Errorf("%d sandboxes at one time", r.node.Most())
		}
	})
}

// TestMaxQueued: the line is bounded; who does not fit is told to come later.
func TestMaxQueued(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.config.MaxQueued = 3
		r.start()
		r.submit("sleep", "1m")
		for range 3 {
			r.submit("exit", "0")
		}
		_, _, err := r.Submit(r.t.Context(), me, glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}}, nil)
		if glovebox.KindOf(err) != glovebox.KindTooMany {
			t.Errorf("the fourth in line: %v", err)
		}
		r.allArchived(5 * time.Minute)
		r.submit("exit", "0")
		r.allArchived(5 * time.Minute)
	})
}

// TestMaxQueuedCountsImages: jobs that wait for their image are in the line,
// too, or a caller could fill the memory with them.
func TestMaxQueuedCountsImages(t *testing.T) {
	inBubble(t, 10, func(r *rig) {
		r.config.MaxQueued, r.shelf.takes = 3, time.Minute
		r.start()
		for range 3 {
			r.submitSpec(glovebox.Spec{Image: "far", Cmd: []string{"exit", "0"}})
			time.Sleep(10 * time.Millisecond)
		}
		_, _, err := r.Submit(r.t.Context(), me, glovebox.Spec{Image: "far", Cmd: []string{"exit", "0"}}, nil)
		if glovebox.KindOf(err) != glovebox.KindTooMany {
			t.Errorf("the fourth: %v", err)
		}
		r.allArchived(5 * time.Minute)
	})
}

// TestDrain: no new job is accepted, and those that were go on to their end.
func TestDrain(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		ids := []string{r.submit("sleep", "1s").ID, r.submit("sleep", "1s").ID}
		r.Drain()
		_, _, err := r.Submit(r.t.Context(), me, glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}}, nil)
		if glovebox.KindOf(err) != glovebox.KindUnavailable {
			t.Errorf("while draining: %v", err)
		}
		r.allArchived(time.Minute)
		for _, j := range r.store.jobs() {
			if !slices.Contains(ids, j.ID) || j.Outcome != glovebox.StatusCompleted {
				t.Errorf("%s %s", j.ID, j.Outcome)
			}
		}
	})
}
