package orchestrator_test

import (
	"testing"
	"time"

	"glovebox"
	"glovebox/engine"
)

// TestNodeNeverReports: the node says nothing of a job. Control ends it by
// itself, not before its time, and puts everything away.
func TestNodeNeverReports(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		inBubble(t, 1, func(r *rig) {
			r.start()
			began := time.Now()
			job, next := r.submit("silent"), r.submit("exit", "0")
			if cancelled {
				if _, err := r.Cancel(r.t.Context(), me, job.ID); err != nil {
					t.Fatal(err)
				}
			}
			limit := engine.ProvisionTime
			if cancelled {
				limit = engine.LateStop + job.Spec.Limits.CollectTime()
			}
			r.until(2*engine.ProvisionTime, "control ends it", func() bool { return r.status(job.ID).Ended() })
			if took := time.Since(began); took < limit || took > limit+2*time.Second {
				t.Errorf("given up after %s", took)
			}
			r.allArchived(10 * time.Minute)
			job = r.store.job(job.ID)
			if cancelled && job.Outcome != glovebox.StatusCancelled || !cancelled && job.Reason != glovebox.ReasonNodeLost {
				t.Errorf("%s %s", job.Outcome, job.Reason)
			}
			if r.store.job(next.ID).Outcome != glovebox.StatusCompleted {
				t.Error("the next in line did not run")
			}
		})
	}
}

// TestNodeFallsSilent: a job that runs is given up some time after its own
// time-out.
func TestNodeFallsSilent(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.node.Deliver = func(report glovebox.Report, send func(glovebox.Report)) {
			if report.Exit == nil {
				send(report)
			}
		}
		r.start()
		job := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}, Timeout: glovebox.Duration(time.Minute)})
		r.allArchived(10 * time.Minute)
		job = r.store.job(job.ID)
		if job.Reason != glovebox.ReasonNodeLost || job.EndedAt.Sub(job.StartedAt) < time.Minute+engine.LateStop {
			t.Errorf("%s after %s", job.Reason, job.EndedAt.Sub(job.StartedAt))
		}
	})
}

// TestImageNeverComes: a job does not wait for its image for ever.
func TestImageNeverComes(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.shelf.takes = 1000 * time.Hour
		r.start()
		job := r.submitSpec(glovebox.Spec{Image: "far", Cmd: []string{"exit", "0"}})
		r.allArchived(2 * engine.ResolveTime)
		if job = r.store.job(job.ID); job.Reason != glovebox.ReasonImageUnavailable {
			t.Errorf("%s %s", job.Outcome, job.Reason)
		}
	})
}

// TestGoneReportIsLost: what is gone is found out again by asking.
func TestGoneReportIsLost(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.node.Deliver = func(report glovebox.Report, send func(glovebox.Report)) {
			if report.Resource == nil {
				send(report)
			}
		}
		r.start()
		r.submit("exit", "0")
		r.allArchived(10 * time.Second)
	})
}

// TestLongAway: nobody was there when a job ended, and for long after its
// time-out. The next control waits for what the node tells of it.
func TestLongAway(t *testing.T) {
	for _, silent := range []bool{false, true} {
		inBubble(t, 1, func(r *rig) {
			r.start()
			job := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"sleep", "10s"}, Timeout: glovebox.Duration(time.Minute)})
			r.reaches(job.ID, glovebox.StatusRunning)
			r.stop()
			r.node.Restart()
			time.Sleep(time.Hour)
			call := r.startWithoutNode()
			began := time.Now()
			if !silent {
				time.Sleep(engine.LateStop - time.Second)
				call()
			}
			r.until(10*time.Minute, "it ends", func() bool { return r.status(job.ID).Ended() })
			want := glovebox.StatusCompleted
			if silent {
				want = glovebox.StatusFailed
				call()
			}
			if job = r.store.job(job.ID); job.Outcome != want || silent && job.EndedAt.Sub(began) < engine.LateStop {
				t.Errorf("silent %v: %s %s after %s", silent, job.Outcome, job.Reason, job.EndedAt.Sub(began))
			}
			r.allArchived(10 * time.Minute)
		})
	}
}
