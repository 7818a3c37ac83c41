package orchestrator_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/provider/fake"
)

// TestRetried: attempts that came to nothing by our fault are followed by
// others, each in a sandbox of its own, one after the other, until one works.
func TestRetried(t *testing.T) {
	for name, spec := range map[string]glovebox.Spec{
		"not started":         {Cmd: []string{"until", "3", "start"}, Attempts: 3},
		"runtime was away":    {Cmd: []string{"until", "3", "unavailable"}, Attempts: 5},
		"lost and idempotent": {Cmd: []string{"lost", "3"}, Attempts: 3, Idempotent: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 1, func(r *rig) {
				r.start()
				spec.Image = "here"
				id := r.submitSpec(spec).ID
				job := r.archived(id)
				if job.Outcome != glovebox.StatusCompleted || job.Attempt != 3 || len(job.Causes) != 2 || len(job.Ledger) != 3 {
					t.Errorf("%s %v after %d attempts, causes %+v", job.Outcome, job.Fault, job.Attempt, job.Causes)
				}
				if pause := job.Causes[1].PlacedAt.Sub(job.Causes[0].EndedAt); pause < time.Second {
					t.Errorf("placed again after %s", pause)
				}
				if spec.Idempotent && (job.Output.Stdout != int64(len("attempt 3\n")) || job.Output.Truncated) {
					t.Errorf("output of more than the last attempt: %+v", job.Output)
				}
				if n := r.node.Most(); n != 1 {
					t.Errorf("%d sandboxes at one time", n)
				}
				want := []string{"job.submit", "job.retry", "job.retry", "job.end"}
				if got := r.verbs(id); !slices.Equal(got, want) {
					t.Errorf("told: %v, want %v", got, want)
				}
				r.nothingLeft()
			})
		})
	}
}

// TestNotRetried: what may have run is not run again, what is the job's own
// doing neither, and attempts are counted.
func TestNotRetried(t *testing.T) {
	for name, c := range map[string]struct {
		spec     glovebox.Spec
		attempts int
		reason   glovebox.Reason
	}{
		"lost":              {glovebox.Spec{Cmd: []string{"lost", "9"}, Attempts: 9}, 1, glovebox.ReasonNodeLost},
		"its own fault":     {glovebox.Spec{Cmd: []string{"fault", "no_executable"}, Attempts: 9, Idempotent: true}, 1, glovebox.ReasonStartFailed},
		"out of attempts":   {glovebox.Spec{Cmd: []string{"until", "9", "start"}, Attempts: 3}, 3, glovebox.ReasonStartFailed},
		"one, by default":   {glovebox.Spec{Cmd: []string{"until", "2", "start"}}, 1, glovebox.ReasonStartFailed},
		"idempotent, alone": {glovebox.Spec{Cmd: []string{"lost", "2"}, Idempotent: true}, 1, glovebox.ReasonNodeLost},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 1, func(r *rig) {
				r.start()
				c.spec.Image = "here"
				job := r.archived(r.submitSpec(c.spec).ID)
				if job.Outcome != glovebox.StatusFailed || job.Reason != c.reason || job.Attempt != c.attempts {
					t.Errorf("%s %s after %d attempts", job.Outcome, job.Reason, job.Attempt)
				}
				r.nothingLeft()
			})
		})
	}
}

// TestRetryWaitsForRemoval: as long as anything of the former attempt is there,
// the next is not placed, and the room is not given to others; then it is.
func TestRetryWaitsForRemoval(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.breaks(func(s fake.Step, res glovebox.Resource) error {
			if s == fake.StepRemove && res.Attempt == 1 {
				return glovebox.Errorf(glovebox.KindUnavailable, "not now")
			}
			return nil
		})
		r.start()
		id := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"until", "2", "start"}, Attempts: 2}).ID
		other := r.submit("exit", "0").ID
		time.Sleep(5 * time.Minute)
		if job := r.store.job(id); job.Status != glovebox.StatusPending || job.Attempt != 1 || r.status(other) != glovebox.StatusPending || r.Running() != 1 {
			t.Errorf("while the sandbox is there: %s attempt %d, the other is %s, %d have room", job.Status, job.Attempt, r.status(other), r.Running())
		}
		r.restart() // its room is known again
		if r.Running() != 1 || r.status(other) != glovebox.StatusPending {
			t.Errorf("after a restart: %d have room, the other is %s", r.Running(), r.status(other))
		}
		r.breaks(nil)
		r.allArchived(5 * time.Minute)
		if job := r.store.job(id); job.Outcome != glovebox.StatusCompleted || job.Attempt != 2 {
			t.Errorf("%s after %d attempts", job.Outcome, job.Attempt)
		}
	})
}

// TestRetryOfANodeThatStaysAway: nobody says that the sandbox is gone, so no
// other is made beside it, and the job ends for what ended the attempt.
func TestRetryOfANodeThatStaysAway(t *testing.T) {
	inBubble(t, 2, func(r *rig) {
		away := func(s fake.Step, _ glovebox.Resource) error {
			if s == fake.StepRemove {
				return glovebox.Errorf(glovebox.KindUnavailable, "away")
			}
			return nil
		}
		r.breaks(away)
		r.start()
		id := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"lost", "2"}, Attempts: 2, Idempotent: true}).ID
		r.until(time.Hour, "it ends", func() bool { return r.status(id) == glovebox.StatusFailed })
		if job := r.store.job(id); job.Attempt != 1 || job.Reason != glovebox.ReasonNodeLost || r.node.Most() != 1 {
			t.Errorf("%s after %d attempts, %d sandboxes at one time", job.Reason, job.Attempt, r.node.Most())
		}
		r.breaks(nil)
		r.allArchived(5 * time.Minute)
	})
}

// TestCancelDuringRetry: a cancel between two attempts ends the job.
func TestCancelDuringRetry(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		id := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"until", "9", "start"}, Attempts: 9}).ID
		r.until(time.Minute, "it waits for its third attempt", func() bool {
			job := r.store.job(id)
			return job.Status == glovebox.StatusPending && len(job.Causes) == 2
		})
		if _, err := r.Cancel(r.t.Context(), me, id); err != nil {
			t.Fatal(err)
		}
		if job := r.archived(id); job.Outcome != glovebox.StatusCancelled || job.Attempt != 2 {
			t.Errorf("%s after %d attempts", job.Outcome, job.Attempt)
		}
		r.nothingLeft()
	})
}

// TestRetryAtEachDeath kills the process at each write of a job that is run
// again, and starts another over the same store and node.
func TestRetryAtEachDeath(t *testing.T) {
	for name, x := range map[string]fate{"write not made": fails, "write made": loses} {
		t.Run(name, func(t *testing.T) {
			k := 0
			for more := true; more && !t.Failed(); k++ {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, 1)
					more = r.retryTwice(k, x)
					if t.Failed() {
						t.Logf("the process died at write %d", k)
					}
				})
			}
			if k < 10 {
				t.Errorf("the run needed only %d writes", k)
			}
			t.Logf("%d writes", k)
		})
	}
}

func (r *rig) retryTwice(k int, x fate) (died bool) {
	d := r.dieAt(k, x)
	r.start()
	spec := glovebox.Spec{Image: "here", Cmd: []string{"lost", "3"}, Attempts: 3, Idempotent: true}
	wish := key("once", "body")
	_, _, err := r.Submit(r.t.Context(), me, spec, wish)
	select {
	case <-d.died:
	case <-time.After(time.Minute):
	}
	select {
	case <-d.died:
		died = true
	default:
	}
	if died {
		r.stop()
		r.node.Restart()
		time.Sleep(300 * time.Millisecond)
		r.config.Store, r.notary.faults = r.store, nil
		r.start()
		if err != nil {
			_, _, _ = r.Submit(r.t.Context(), me, spec, wish)
		}
	}
	r.allArchived(15 * time.Minute)
	for _, j := range r.store.jobs() {
		// A node that has forgotten an attempt says that it was lost, so that
		// an attempt may be spent by the death; never more than were asked for.
		if j.Outcome != glovebox.StatusCompleted && !(j.Reason == glovebox.ReasonNodeLost && j.Attempt == 3) {
			r.t.Errorf("%s %v after %d attempts", j.Outcome, j.Fault, j.Attempt)
		}
	}
	if n := r.node.Most(); n > 1 {
		r.t.Errorf("%d sandboxes at one time", n)
	}
	r.stop()
	return died
}

// verbs are those of a job in the audit log.
func (r *rig) verbs(id string) []string {
	r.t.Helper()
	events, err := r.store.AuditEvents(r.t.Context(), glovebox.AuditFilter{Tenant: me.Tenant, Target: id})
	if err != nil {
		r.t.Fatal(err)
	}
	var all []string
	for _, e := range events {
		all = append(all, e.Action)
	}
	return all
}
