// Package providertest is the conformance suite of glovebox.Provider. Every
// implementation runs it:
//
//	func TestProvider(t *testing.T) {
//		providertest.Run(t, func(t *testing.T) providertest.World { return open(t) })
//	}
package providertest

import (
	"context"
	"testing"
	"time"

	"glovebox"
)

// World is a provider with everything behind it that makes sandboxes come and
// go by themselves, in a few milliseconds.
type World struct {
	Provider glovebox.Provider
	// Node is where jobs are placed.
	Node string
	// Digest is an image that can be run.
	Digest string
	// Never and Exit are commands: one runs until it is stopped, the other
	// ends at once with code 7.
	Never, Exit []string
	// Reports returns what the provider has reported so far, in order.
	Reports func() []glovebox.Report
	// Starts says how often the command of a sandbox was started.
	Starts func(name string) int
}

// Open makes a new World without any sandbox and closes it with the test.
type Open func(t *testing.T) World

// Run tests every sentence of the interface.
func Run(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		test func(*testing.T, World)
	}{
		{"plan/pure", testPlanPure},
		{"plan/names every attempt apart", testPlanAttempts},
		{"make/starts and reports", testMake},
		{"make/twice is once", testMakeTwice},
		{"make/twice at once", testMakeAtOnce},
		{"make/stop", testStop},
		{"remove/running", testRemoveRunning},
		{"remove/ended", testRemoveEnded},
		{"remove/twice", testRemoveTwice},
		{"remove/never made", testRemoveNeverMade},
		{"remove/before it could start", testRemoveSoon},
		{"remove/only that one", testRemoveOnlyThat},
		{"owned", testOwned},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open(t)) })
	}
}

// job is one that was placed on the world's node, and the plan for it.
func (w World) job(args []string) (glovebox.Job, glovebox.Resource) {
	job := glovebox.Job{
		ID: glovebox.NewID("j"), Tenant: "t", Status: glovebox.StatusPending, Node: w.Node, CreatedAt: time.Now(),
		Image: glovebox.ImageRef{Name: "image", Digest: w.Digest}, Command: glovebox.Command{Args: args, Workdir: "/"},
		Spec: glovebox.Spec{Runtime: glovebox.RuntimeGVisor, Timeout: glovebox.Duration(time.Hour), Limits: glovebox.DefaultLimits()},
	}
	ledger := w.Provider.Plan(job)
	job.Attempt, job.Status, job.Ledger, job.PlacedAt = 1, glovebox.StatusProvisioning, ledger, time.Now()
	return job, ledger[0]
}

// make makes r and waits until its command has started.
func (w World) make(t *testing.T, job glovebox.Job, r glovebox.Resource) {
	t.Helper()
	if _, err := w.Provider.Make(t.Context(), job, r); err != nil {
		t.Fatalf("make: %v", err)
	}
	eventually(t, "the command starts", func() bool { return w.Starts(r.Name) == 1 })
}

// remove removes r and waits until the provider says that it is gone, by an
// answer or by a report.
func (w World) remove(t *testing.T, job glovebox.Job, r glovebox.Resource) {
	t.Helper()
	left, err := w.Provider.Remove(t.Context(), job, r)
	if err != nil {
		t.Fatalf("remove: %v", err)
	}
	switch left.State {
	case glovebox.ResourceGone:
	case glovebox.ResourceDeleting:
		eventually(t, "a report that it is gone", func() bool { return w.reportedGone(r) })
	default:
		t.Fatalf("remove left it %s", left.State)
	}
	if w.owns(t, r) {
		t.Fatalf("%s is said to be gone and is listed as owned", r.Name)
	}
}

func (w World) reportedGone(r glovebox.Resource) bool {
	for _, said := range w.Reports() {
		if g := said.Resource; g != nil && g.Kind == r.Kind && g.Name == r.Name && g.Attempt == r.Attempt && g.State == glovebox.ResourceGone {
			return said.Job == r.Job && said.Attempt == r.Attempt
		}
	}
	return false
}

func (w World) exit(r glovebox.Resource) *glovebox.NodeExit {
	for _, said := range w.Reports() {
		if said.Job == r.Job && said.Exit != nil {
			return said.Exit
		}
	}
	return nil
}

func (w World) owns(t *testing.T, r glovebox.Resource) bool {
	t.Helper()
	owned, err := w.Provider.Owned(context.Background())
	if err != nil {
		t.Fatalf("owned: %v", err)
	}
	for _, o := range owned {
		if o.Name == r.Name && o.Kind == r.Kind {
			if o.Job != r.Job || o.Attempt != r.Attempt || o.Node != r.Node {
				t.Fatalf("owned as %+v, planned as %+v", o, r)
			}
			return true
		}
	}
	return false
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never came: %s", what)
		}
	}
}
