package orchestrator_test

import (
	"context"
	"testing"
	"time"

	"glovebox"
)

// TestCancelAnywhere cancels a job in each status.
func TestCancelAnywhere(t *testing.T) {
	for _, c := range []struct {
		name    string
		spec    glovebox.Spec
		at      glovebox.Status
		outcome glovebox.Status
		ran     bool
	}{
		{"while its image comes", glovebox.Spec{Image: "far", Cmd: []string{"never"}}, glovebox.StatusPending, glovebox.StatusCancelled, false},
		{"before its start", glovebox.Spec{Image: "here", Cmd: []string{"never"}}, glovebox.StatusProvisioning, glovebox.StatusCancelled, false},
		{"while it runs", glovebox.Spec{Image: "here", Cmd: []string{"never"}}, glovebox.StatusRunning, glovebox.StatusCancelled, true},
		{"after its end", glovebox.Spec{Image: "here", Cmd: []string{"exit", "7"}}, glovebox.StatusCompleted, glovebox.StatusCompleted, true},
		{"after a failure", glovebox.Spec{Image: "here", Cmd: []string{"fault", "start"}}, glovebox.StatusFailed, glovebox.StatusFailed, false},
		{"after all", glovebox.Spec{Image: "here", Cmd: []string{"exit", "7"}}, glovebox.StatusArchived, glovebox.StatusCompleted, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, 1, func(r *rig) {
				r.start()
				job := r.submitSpec(c.spec)
				r.reaches(job.ID, c.at)
				for range 2 { // asking twice is asking once
					if _, err := r.Cancel(r.t.Context(), me, job.ID); err != nil {
						t.Fatal(err)
					}
				}
				began := time.Now()
				job = r.archived(job.ID)
				if job.Outcome != c.outcome || (job.Result != nil) != c.ran {
					t.Errorf("%s with %+v", job.Outcome, job.Result)
				}
				if took := time.Since(began); took > 100*time.Millisecond {
					t.Errorf("it took %s", took)
				}
				if started := len(r.node.Starts()) > 0; started != c.ran {
					t.Errorf("started: %v", started)
				}
				r.nothingLeft()
			})
		})
	}
}

// TestCancelInLine: who is cancelled in line makes way.
func TestCancelInLine(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		first := r.submit("never")
		second, third := r.submit("never"), r.submit("exit", "0")
		if _, err := r.Cancel(r.t.Context(), me, second.ID); err != nil {
			t.Fatal(err)
		}
		if r.archived(second.ID).Outcome != glovebox.StatusCancelled {
			t.Error("not cancelled")
		}
		if _, err := r.Cancel(r.t.Context(), me, first.ID); err != nil {
			t.Fatal(err)
		}
		if r.archived(third.ID).Outcome != glovebox.StatusCompleted {
			t.Error("the third did not run")
		}
		r.allArchived(time.Minute)
	})
}

// TestCancelWithLostReply: the caller is told that it failed and goes away; the
// wish was stored all the same and is carried out.
func TestCancelWithLostReply(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		faults := r.withFaults()
		r.start()
		job := r.submit("never")
		r.reaches(job.ID, glovebox.StatusRunning)
		faults.loseNext("UpdateJob")
		if _, err := r.Cancel(context.Background(), me, job.ID); glovebox.KindOf(err) != glovebox.KindUnavailable {
			t.Fatalf("cancel: %v", err)
		}
		if r.archived(job.ID).Outcome != glovebox.StatusCancelled {
			t.Error("not cancelled")
		}
		r.nothingLeft()
	})
}
