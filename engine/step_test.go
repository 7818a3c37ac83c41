package engine_test

import (
	"encoding/json"
	"testing"
	"time"

	"glovebox"
	"glovebox/engine"

	"pgregory.net/rapid"
)

// TestLife walks the whole way and looks at every station.
func TestLife(t *testing.T) {
	job := inStatus(glovebox.StatusPending)
	now := t0
	step := func(ev engine.Event, want glovebox.Status) {
		t.Helper()
		now = now.Add(time.Second)
		next, changed, err := engine.Step(job, ev, now)
		if err != nil || !changed || next.Status != want {
			t.Fatalf("%s: %s changed=%v err=%v, want %s", ev.Name(), next.Status, changed, err, want)
		}
		job = next
	}
	gone := glovebox.Resource{Kind: "sandbox", Name: "j-1", Attempt: 1, State: glovebox.ResourceGone}
	step(engine.Resolved{Image: glovebox.ImageRef{Digest: "sha256:1"}}, glovebox.StatusPending)
	step(engine.Placed{Node: "n", Ledger: []glovebox.Resource{{Kind: "sandbox", Name: "j-1"}}}, glovebox.StatusProvisioning)
	step(engine.Started{Attempt: 1, At: now}, glovebox.StatusRunning)
	step(engine.Exited{Attempt: 1, Result: &glovebox.Result{ExitCode: 7}, Stdout: 3}, glovebox.StatusCompleted)
	step(engine.Sealed{Stdout: 3}, glovebox.StatusCompleted)
	step(engine.Observed{Resource: gone}, glovebox.StatusCompleted)
	step(engine.Receipted{Ref: glovebox.ReceiptRef{Digest: "sha256:2"}}, glovebox.StatusArchived)
	if job.Outcome != glovebox.StatusCompleted || job.Result.ExitCode != 7 || !job.Due.Equal(now.Add(glovebox.DefaultRetention)) || job.Output.Truncated {
		t.Fatalf("archived as %+v", job)
	}
}

// TestMissingOutputShows: what the node said it had and never sent is marked.
func TestMissingOutputShows(t *testing.T) {
	job := inStatus(glovebox.StatusCompleted)
	job.Output.Stdout = 10
	next, _, err := engine.Step(job, engine.Sealed{Stdout: 4}, t0)
	if err != nil || !next.Output.Truncated || next.Output.Stdout != 4 {
		t.Fatalf("%+v %v", next.Output, err)
	}
}

// TestEveryFaultHasAReason: a job never fails without one of the closed list.
func TestEveryFaultHasAReason(t *testing.T) {
	for _, k := range glovebox.Kinds() {
		next, _, err := engine.Step(inStatus(glovebox.StatusRunning), engine.Exited{Attempt: 1, Fault: glovebox.Errorf(k, "x")}, t0)
		if err != nil || next.Status != glovebox.StatusFailed || next.Reason == "" {
			t.Errorf("%s: %s %q %v", k, next.Status, next.Reason, err)
		}
	}
}

// TestStepHolds drives jobs with random events and checks what must hold
// whatever comes.
func TestStepHolds(t *testing.T) {
	evs := events()
	rapid.Check(t, func(t *rapid.T) {
		job, now := inStatus(glovebox.StatusPending), t0
		for range rapid.IntRange(1, 40).Draw(t, "n") {
			e := evs[rapid.IntRange(0, len(evs)-1).Draw(t, "event")]
			now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "s")) * time.Second)
			before, _ := json.Marshal(job)
			next, changed, err := engine.Step(job, e.ev, now)
			if after, _ := json.Marshal(job); string(after) != string(before) {
				t.Fatalf("%s changed its input", e.label)
			}
			if err != nil && changed {
				t.Fatalf("%s: refused and changed", e.label)
			}
			holds(t, job, next)
			job = next
		}
	})
}

func holds(t *rapid.T, was, is glovebox.Job) {
	if was.Status.Ended() && is.Outcome != was.Outcome {
		t.Fatalf("outcome %s became %s", was.Outcome, is.Outcome)
	}
	if was.Status == glovebox.StatusArchived && is.Status != was.Status {
		t.Fatalf("archived became %s", is.Status)
	}
	if is.Status == glovebox.StatusArchived && !(is.Output.Sealed && glovebox.AllGone(is.Ledger) && is.Receipt != nil) {
		t.Fatalf("archived with %+v %+v", is.Output, is.Ledger)
	}
	if is.Attempt < was.Attempt || len(is.Ledger) < len(was.Ledger) {
		t.Fatalf("attempt or ledger went back")
	}
	if is.Status == glovebox.StatusFailed && is.Reason == "" {
		t.Fatalf("failed without a reason")
	}
	if is.Status != glovebox.StatusArchived && is.Status != was.Status && is.Due.IsZero() {
		t.Fatalf("%s is never looked at again", is.Status)
	}
	if is.Status != glovebox.StatusArchived && len(engine.Todo(is)) == 0 {
		t.Fatalf("%s has nothing to do", is.Status)
	}
}

// TestExitBeforeStart: reports come out of order. A job that ended with a result
// has a time of its start, also if nobody told of it before.
func TestExitBeforeStart(t *testing.T) {
	placed := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ ran, want time.Duration }{{2 * time.Second, 3 * time.Second}, {time.Minute, 0}} {
		job := glovebox.Job{ID: "j", Status: glovebox.StatusProvisioning, Attempt: 1, PlacedAt: placed}
		job, _, err := engine.Step(job, engine.Exited{Attempt: 1, Result: &glovebox.Result{Duration: glovebox.Duration(c.ran)}}, placed.Add(5*time.Second))
		if err != nil || job.Status != glovebox.StatusCompleted || !job.StartedAt.Equal(placed.Add(c.want)) {
			t.Errorf("ran for %s: started %s after it was placed, %s, %v", c.ran, job.StartedAt.Sub(placed), job.Status, err)
		}
		again, changed, err := engine.Step(job, engine.Started{Attempt: 1, At: placed.Add(time.Second)}, placed.Add(6*time.Second))
		if err != nil || changed || !again.StartedAt.Equal(job.StartedAt) {
			t.Errorf("a late start changed the job: %v %v", changed, err)
		}
	}
}
