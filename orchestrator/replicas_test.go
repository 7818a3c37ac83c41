package orchestrator_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/orchestrator"
)

// everyOther passes reports to the one and to the other in turn, as if the node
// called a different replica each time.
type everyOther struct {
	all  []*orchestrator.Orchestrator
	next int
}

func (e *everyOther) Report(r glovebox.Report) {
	e.next++
	e.all[e.next%len(e.all)].Report(r)
}

func (e *everyOther) NodeSeen(n glovebox.Node) {
	for _, o := range e.all {
		o.NodeSeen(n)
	}
}

// TestTwoOverOneStore: two orchestrators take jobs, drive them over each other's
// feet, and hear of half of what happens each. No job is lost, none is placed
// or started twice, and both know in the end that all room is free.
func TestTwoOverOneStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1000)
		r.node.Deliver = serialize()
		both := &everyOther{}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 2)
		for _, name := range []string{"a", "b"} {
			c := r.config
			c.Holder = name
			o := orchestrator.New(c)
			both.all = append(both.all, o)
			go func() { ended <- o.Run(ctx, func() {}) }()
		}
		synctest.Wait()
		r.node.Open(both)
		var ids []string
		for i := range 60 {
			image := "here"
			if i%3 == 0 {
				image = "far"
			}
			job, _, err := both.all[i%2].Submit(ctx, me, glovebox.Spec{Image: image, Cmd: [][]string{{"echo", "hi"}, {"sleep", "1s"}, {"never"}}[i%3]}, nil)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, job.ID)
		}
		time.Sleep(10 * time.Second)
		for i, id := range ids { // a cancel comes to the other one
			if i%3 == 2 {
				if _, err := both.all[(i+1)%2].Cancel(ctx, me, id); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, o := range both.all {
			r.Orchestrator = o
			r.allArchived(10 * time.Minute)
		}
		for i, id := range ids {
			want := glovebox.StatusCompleted
			if i%3 == 2 {
				want = glovebox.StatusCancelled
			}
			if j := r.store.job(id); j.Outcome != want {
				t.Errorf("%v: %s %v", j.Spec.Cmd, j.Outcome, j.Fault)
			}
		}
		cancel()
		<-ended
		<-ended
	})
}

// serialize delivers one report at a time.
func serialize() func(glovebox.Report, func(glovebox.Report)) {
	turn := make(chan struct{}, 1)
	return func(r glovebox.Report, send func(glovebox.Report)) {
		turn <- struct{}{}
		send(r)
		<-turn
	}
}

// TestSurvivorTakesOver: one of two dies. What it drove is driven on by the
// other once the lease is over.
func TestSurvivorTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 10)
		r.start()
		job := r.submitSpec(glovebox.Spec{Image: "far", Cmd: []string{"exit", "7"}})
		c := r.config
		c.Holder = "b"
		other := orchestrator.New(c)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- other.Run(ctx, func() {}) }()
		synctest.Wait()
		r.stop()
		r.node.Open(other)
		r.Orchestrator = other
		if job = r.archived(job.ID); job.Outcome != glovebox.StatusCompleted {
			t.Errorf("%s %v", job.Outcome, job.Fault)
		}
		r.nothingLeft()
		cancel()
		<-ended
	})
}
