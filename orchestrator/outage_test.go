package orchestrator_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/provider/fake"
)

// TestProviderIsAway: making or removing fails for a while, before or after its
// effect. Jobs wait and then go on, each run once.
func TestProviderIsAway(t *testing.T) {
	for _, step := range []fake.Step{fake.StepMake, fake.StepMade, fake.StepRemove} {
		t.Run(string(step), func(t *testing.T) {
			inBubble(t, 2, func(r *rig) {
				back := time.Now().Add(40 * time.Second)
				r.breaks(func(s fake.Step, _ glovebox.Resource) error {
					if s == step && time.Now().Before(back) {
						return glovebox.Errorf(glovebox.KindUnavailable, "%s: away", s)
					}
					return nil
				})
				r.start()
				for range 6 {
					r.submit("exit", "7")
				}
				cancelled := r.submit("never")
				time.Sleep(30 * time.Second)
				if _, err := r.Cancel(r.t.Context(), me, cancelled.ID); err != nil {
					t.Fatal(err)
				}
				r.allArchived(5 * time.Minute)
				for _, j := range r.store.jobs() {
					if j.Outcome != glovebox.StatusCompleted && j.ID != cancelled.ID {
						t.Errorf("%s %v", j.Outcome, j.Fault)
					}
				}
			})
		})
	}
}

// TestMakeRefused: what cannot be made for good ends the job with a reason.
func TestMakeRefused(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.breaks(func(s fake.Step, _ glovebox.Resource) error {
			if s == fake.StepMake {
				return glovebox.Errorf(glovebox.KindImageUnknown, "the image was deleted")
			}
			return nil
		})
		r.start()
		job := r.archived(r.submit("exit", "0").ID)
		if job.Reason != glovebox.ReasonImageUnavailable {
			t.Errorf("%s %v", job.Reason, job.Fault)
		}
		r.nothingLeft()
	})
}

// TestStoreIsAway: what nodes report while the store cannot be written is kept,
// and not kept over and over again.
func TestStoreIsAway(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		faults := r.withFaults()
		r.start()
		for range 4 {
			r.submit("sleep", "1s")
		}
		waiting := r.submit("exit", "0")
		back := time.Now().Add(6 * time.Minute)
		faults.set(func(_ int, name string) fate {
			if name == "UpdateJob" && time.Now().Before(back) {
				return fails
			}
			return works
		})
		time.Sleep(5 * time.Minute)
		if n := r.Undelivered(); n > 20 {
			t.Errorf("%d events have piled up for 5 jobs", n)
		}
		r.allArchived(10 * time.Minute)
		for _, j := range r.store.jobs() {
			if j.Outcome != glovebox.StatusCompleted {
				t.Errorf("%s (waiting: %v) %s %v", j.ID, j.ID == waiting.ID, j.Outcome, j.Fault)
			}
		}
	})
}

// TestUnreadableStoreAtStart: without the list of jobs no node may be answered.
func TestUnreadableStoreAtStart(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		faults := r.withFaults()
		r.start()
		job := r.submit("sleep", "1s")
		r.reaches(job.ID, glovebox.StatusRunning)
		r.stop()
		r.node.Restart()
		faults.set(func(_ int, name string) fate {
			if name == "ListJobs" {
				return fails
			}
			return works
		})
		call := r.startWithoutNode()
		call() // does nothing: it never became ready
		if err := r.stop(); glovebox.KindOf(err) != glovebox.KindUnavailable {
			t.Errorf("run: %v", err)
		}
		if owned, _ := r.node.Owned(context.Background()); len(owned) != 1 {
			t.Fatalf("on the node: %v", owned)
		}
		synctest.Wait()
		faults.set(func(int, string) fate { return works })
		r.start()
		if job := r.archived(job.ID); job.Outcome != glovebox.StatusCompleted {
			t.Errorf("%s %v", job.Outcome, job.Fault)
		}
	})
}
