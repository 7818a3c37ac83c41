package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/engine"

	"pgregory.net/rapid"
)

// ours are the kinds that are documented as the service's fault.
var ours = []glovebox.Kind{glovebox.KindStart, glovebox.KindUnavailable, glovebox.KindInternal, glovebox.KindNodeLost}

// TestRetries: of every kind of fault, with and without a start that was seen,
// another attempt follows exactly where it is documented.
func TestRetries(t *testing.T) {
	for _, kind := range glovebox.Kinds() {
		for _, status := range []glovebox.Status{glovebox.StatusProvisioning, glovebox.StatusRunning} {
			for _, idempotent := range []bool{false, true} {
				for _, ran := range []bool{false, true} {
					job := inStatus(status)
					job.Spec.Attempts, job.Spec.Idempotent = 3, idempotent
					ev := engine.Exited{Attempt: 1, Fault: glovebox.Errorf(kind, "x")}
					if ran {
						ev.Result = &glovebox.Result{}
					}
					began := ran || status == glovebox.StatusRunning || kind == glovebox.KindNodeLost
					want := glovebox.StatusFailed
					if slices.Contains(ours, kind) && (!began || idempotent) {
						want = glovebox.StatusPending
					}
					next, _, err := engine.Step(job, ev, t0.Add(time.Second))
					if err != nil || next.Status != want {
						t.Errorf("%s in %s, idempotent=%v ran=%v: %s %v, want %s", kind, status, idempotent, ran, next.Status, err, want)
					}
				}
			}
		}
	}
}

// TestNoRetry: without attempts left, of a job that is to end, or of a service
// that stops, the end is the end.
func TestNoRetry(t *testing.T) {
	lost := engine.Exited{Attempt: 1, Fault: glovebox.Errorf(glovebox.KindNodeLost, "x")}
	for name, c := range map[string]struct {
		change func(*glovebox.Job)
		ev     engine.Event
		want   glovebox.Status
	}{
		"no attempts":     {func(j *glovebox.Job) { j.Spec.Attempts = 0 }, lost, glovebox.StatusFailed},
		"one attempt":     {func(j *glovebox.Job) { j.Spec.Attempts = 1 }, lost, glovebox.StatusFailed},
		"the last":        {func(j *glovebox.Job) { j.Spec.Attempts = 2; j.Attempt = 2 }, engine.Exited{Attempt: 2, Fault: lost.Fault}, glovebox.StatusFailed},
		"cancelled":       {func(j *glovebox.Job) { j.Cancel = &glovebox.Cancel{At: t0} }, lost, glovebox.StatusCancelled},
		"stopped service": {func(*glovebox.Job) {}, engine.Abandoned{}, glovebox.StatusFailed},
		"control":         {func(*glovebox.Job) {}, lost, glovebox.StatusPending},
	} {
		job := inStatus(glovebox.StatusRunning)
		job.Spec.Attempts, job.Spec.Idempotent = 5, true
		c.change(&job)
		if next, _, err := engine.Step(job, c.ev, t0); err != nil || next.Status != c.want {
			t.Errorf("%s: %s %v, want %s", name, next.Status, err, c.want)
		}
	}
}

// TestSecondAttempt walks from a lost node to the archive.
func TestSecondAttempt(t *testing.T) {
	job := inStatus(glovebox.StatusRunning)
	job.Spec.Attempts, job.Spec.Idempotent = 2, true
	now := t0
	step := func(ev engine.Event, want glovebox.Status, todo engine.Action) {
		t.Helper()
		now = now.Add(time.Second)
		next, changed, err := engine.Step(job, ev, now)
		if err != nil || !changed || next.Status != want || engine.Todo(next)[0] != todo {
			t.Fatalf("%s: %s %v changed=%v err=%v, want %s %s", ev.Name(), next.Status, engine.Todo(next), changed, err, want, todo)
		}
		job = next
	}
	place := engine.Placed{Node: "m", Ledger: []glovebox.Resource{{Kind: "sandbox", Name: "j-2"}}}
	step(engine.Exited{Attempt: 1, Fault: glovebox.Errorf(glovebox.KindNodeLost, "x"), Stdout: 9}, glovebox.StatusPending, engine.Remove)
	if job.Node != "n" || !engine.Clearing(job) || job.Output != (glovebox.Output{}) || !job.StartedAt.IsZero() {
		t.Errorf("while it is cleared: %+v", job)
	}
	if _, _, err := engine.Step(job, place, now); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("placed while the former attempt is there: %v", err)
	}
	late, changed, err := engine.Step(job, engine.Exited{Attempt: 1, Result: &glovebox.Result{}}, now)
	if err != nil || changed {
		t.Errorf("a late end of the former attempt: %+v %v", late, err)
	}
	step(engine.Observed{Resource: gone(1)}, glovebox.StatusPending, engine.Place)
	if from := engine.PlaceFrom(job); !from.Equal(t0.Add(2*time.Second)) || job.Node != "" {
		t.Errorf("to be placed from %s, on %q", from, job.Node)
	}
	step(place, glovebox.StatusProvisioning, engine.Make)
	step(engine.Started{Attempt: 2, At: now}, glovebox.StatusRunning, engine.Make)
	if _, _, err := engine.Step(job, engine.Exited{Attempt: 1}, now); glovebox.KindOf(err) != glovebox.KindStale {
		t.Errorf("the former attempt ended again: %v", err)
	}
	step(engine.Exited{Attempt: 2, Result: &glovebox.Result{}}, glovebox.StatusCompleted, engine.Make)
	step(engine.Sealed{}, glovebox.StatusCompleted, engine.Remove)
	step(engine.Observed{Resource: gone(2)}, glovebox.StatusCompleted, engine.Attest)
	step(engine.Receipted{}, glovebox.StatusArchived, engine.Forget)
	if len(job.Causes) != 1 || job.Causes[0].Reason != glovebox.ReasonNodeLost || job.Causes[0].Attempt != 1 || job.Causes[0].StartedAt.IsZero() {
		t.Errorf("causes: %+v", job.Causes)
	}
	if !job.Due.Equal(job.ArchivedAt.Add(glovebox.DefaultRetention)) {
		t.Errorf("kept until %s", job.Due)
	}
}

// TestCancelWhileCleared: a cancel ends a job that waits for its next attempt,
// and what is left of the former one is still removed.
func TestCancelWhileCleared(t *testing.T) {
	job := inStatus(glovebox.StatusProvisioning)
	job.Spec.Attempts = 3
	job, _, _ = engine.Step(job, engine.Exited{Attempt: 1, Fault: glovebox.Errorf(glovebox.KindStart, "x")}, t0)
	job, _, err := engine.Step(job, engine.CancelAsked{By: "me"}, t0)
	if err != nil || job.Status != glovebox.StatusCancelled || glovebox.AllGone(job.Ledger) {
		t.Fatalf("%s %v %v", job.Status, job.Ledger, err)
	}
	job, _, _ = engine.Step(job, engine.Sealed{}, t0)
	if got := engine.Todo(job); got[0] != engine.Remove {
		t.Errorf("then %v", got)
	}
}

// TestStuck: a job whose former attempt does not go away is not placed beside
// it, and ends for the reason of that attempt.
func TestStuck(t *testing.T) {
	job := inStatus(glovebox.StatusProvisioning)
	job.Spec.Attempts = 3
	job, _, _ = engine.Step(job, engine.Exited{Attempt: 1, Fault: glovebox.Errorf(glovebox.KindStart, "x")}, t0)
	job, _, _ = engine.Step(job, engine.Tick{}, t0.Add(engine.ClearTime-time.Second))
	if job.Status != glovebox.StatusPending {
		t.Fatalf("too soon: %s", job.Status)
	}
	job, _, _ = engine.Step(job, engine.Tick{}, t0.Add(engine.ClearTime))
	if job.Status != glovebox.StatusFailed || job.Reason != glovebox.ReasonStartFailed {
		t.Errorf("%s %s", job.Status, job.Reason)
	}
}

// TestOldArchived: a job that was to be kept for ever is kept from now on for
// the usual time.
func TestOldArchived(t *testing.T) {
	job := inStatus(glovebox.StatusArchived)
	now := t0.Add(1000 * time.Hour)
	next, changed, err := engine.Step(job, engine.Tick{}, now)
	if err != nil || !changed || !next.Due.Equal(now.Add(glovebox.DefaultRetention)) || engine.ForgetNow(next, now) || !engine.ForgetNow(next, next.Due) {
		t.Fatalf("due %s, changed=%v, %v", next.Due, changed, err)
	}
	if _, changed, _ := engine.Step(next, engine.Tick{}, next.Due); changed {
		t.Error("it was put off")
	}
}

func gone(attempt int) glovebox.Resource {
	return glovebox.Resource{Kind: "sandbox", Name: fmt.Sprintf("j-%d", attempt), Attempt: attempt, State: glovebox.ResourceGone}
}

// TestOneAttemptAtATime: whatever comes, in whatever order and however late, no
// two attempts have anything at one time, no attempt is placed twice, there are
// no more than were asked for, and what may have been started is not placed
// again unless that does no harm.
func TestOneAttemptAtATime(t *testing.T) {
	repeated := 0
	rapid.Check(t, func(t *rapid.T) {
		job, now := inStatus(glovebox.StatusPending), t0
		job.Spec.Attempts, job.Spec.Idempotent = rapid.IntRange(0, 4).Draw(t, "attempts"), rapid.Bool().Draw(t, "idempotent")
		job.Image.Digest = "sha256:1"
		for range rapid.IntRange(1, 60).Draw(t, "n") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 1, 60, 4000}).Draw(t, "s")) * time.Second)
			ev := anyEvent(t, job)
			next, _, err := engine.Step(job, ev, now)
			if err == nil {
				moved(t, job, next, ev)
				repeated += len(next.Causes) - len(job.Causes)
			}
			job = next
		}
	})
	if repeated == 0 {
		t.Error("no job was run again: this proves nothing")
	}
}

// anyEvent is about the present attempt, an older or a newer one.
func anyEvent(t *rapid.T, job glovebox.Job) engine.Event {
	attempt := max(0, job.Attempt+rapid.SampledFrom([]int{0, 0, 0, 0, -1, 1}).Draw(t, "attempt"))
	fault := glovebox.Errorf(rapid.SampledFrom(append(ours, ours...)).Draw(t, "fault"), "x")
	if rapid.IntRange(0, 4).Draw(t, "own fault") == 0 {
		fault = glovebox.Errorf(glovebox.KindTimeout, "x")
	}
	var result *glovebox.Result
	if rapid.IntRange(0, 3).Draw(t, "ran") == 0 {
		result = &glovebox.Result{}
	}
	seen := gone(attempt)
	seen.State = rapid.SampledFrom([]glovebox.ResourceState{glovebox.ResourceObserved, glovebox.ResourceDeleting, glovebox.ResourceGone}).Draw(t, "state")
	return rapid.SampledFrom([]engine.Event{
		engine.Placed{Node: "n", Ledger: []glovebox.Resource{{Kind: "sandbox", Name: fmt.Sprintf("j-%d", job.Attempt+1)}}},
		engine.Placed{Node: "n", Ledger: []glovebox.Resource{{Kind: "sandbox", Name: fmt.Sprintf("j-%d", job.Attempt+1)}}},
		engine.Observed{Resource: seen}, engine.Observed{Resource: seen}, engine.Observed{Resource: gone(attempt)},
		engine.Started{Attempt: attempt, At: t0},
		engine.Exited{Attempt: attempt, Fault: fault, Result: result}, engine.Exited{Attempt: attempt, Fault: fault},
		engine.Failed{Attempt: attempt, Fault: fault},
		engine.Tick{},
		engine.Sealed{}, engine.Receipted{},
		rapid.SampledFrom([]engine.Event{engine.Tick{}, engine.Tick{}, engine.Tick{}, engine.CancelAsked{}, engine.Abandoned{}}).Draw(t, "rare"),
	}).Draw(t, "event")
}

// moved checks one step.
func moved(t *rapid.T, was, is glovebox.Job, ev engine.Event) {
	live := map[int]bool{}
	for _, r := range is.Ledger {
		if r.State != glovebox.ResourceGone {
			live[r.Attempt] = true
		}
	}
	switch {
	case len(live) > 1:
		t.Fatalf("%s: attempts %v at one time", ev.Name(), live)
	case is.Attempt > was.Attempt && !glovebox.AllGone(was.Ledger):
		t.Fatalf("placed while %+v was there", was.Ledger)
	case is.Attempt != was.Attempt && is.Attempt != was.Attempt+1 || is.Attempt > max(1, is.Spec.Attempts):
		t.Fatalf("attempt %d became %d of %d", was.Attempt, is.Attempt, is.Spec.Attempts)
	case len(is.Causes) > len(was.Causes) && !is.Spec.Idempotent && was.Status == glovebox.StatusRunning:
		t.Fatalf("%s: run again after its start", ev.Name())
	case len(is.Causes) != len(was.Causes) && (was.Status.Ended() || was.Cancel != nil):
		t.Fatalf("%s: run again after its end", ev.Name())
	case len(is.Causes) > max(0, is.Spec.Attempts-1) || len(is.Causes) > is.Attempt:
		t.Fatalf("%d causes for %d attempts", len(is.Causes), is.Attempt)
	case is.Status != was.Status && len(engine.Todo(is)) == 0, is.Status != was.Status && is.Due.IsZero():
		t.Fatalf("%s is never looked at again", is.Status)
	}
}

// TestRetryMatrix writes out what every event does to jobs that may be run
// again, and to one whose former attempt is not gone yet.
func TestRetryMatrix(t *testing.T) {
	var b strings.Builder
	clearing := inStatus(glovebox.StatusProvisioning)
	clearing.Spec.Attempts = 3
	clearing, _, _ = engine.Step(clearing, engine.Exited{Attempt: 1, Fault: glovebox.Errorf(glovebox.KindStart, "x")}, t0)
	cleared, _, _ := engine.Step(clearing, engine.Observed{Resource: gone(1)}, t0)
	for _, c := range []struct {
		label string
		job   glovebox.Job
	}{
		{"PROVISIONING", again(glovebox.StatusProvisioning, false)}, {"PROVISIONING idempotent", again(glovebox.StatusProvisioning, true)},
		{"RUNNING", again(glovebox.StatusRunning, false)}, {"RUNNING idempotent", again(glovebox.StatusRunning, true)},
		{"PENDING clearing", clearing}, {"PENDING cleared", cleared},
	} {
		lost := engine.Exited{Attempt: 1, Fault: glovebox.Errorf(glovebox.KindNodeLost, "x")}
		unstarted := engine.Exited{Attempt: 1, Fault: glovebox.Errorf(glovebox.KindStart, "x")}
		for _, e := range append(events(), labelled{"Exited/lost", lost}, labelled{"Exited/unstarted", unstarted}) {
			now := t0.Add(time.Second)
			if strings.HasSuffix(e.label, "late") {
				now = t0.Add(100 * time.Hour)
			}
			fmt.Fprintf(&b, "%-23s %-16s %s\n", c.label, e.label, outcome(c.job, e.ev, now))
		}
	}
	golden(t, "testdata/retries.golden", b.String())
}

func again(s glovebox.Status, idempotent bool) glovebox.Job {
	j := inStatus(s)
	j.Spec.Attempts, j.Spec.Idempotent = 3, idempotent
	return j
}
