package orchestrator_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"glovebox"
)

func key(name, body string) *glovebox.IdempotencyKey {
	return &glovebox.IdempotencyKey{Key: name, Fingerprint: body, Expires: time.Now().Add(24 * time.Hour)}
}

// TestReplay: the same key gives the same job, which runs once, and what was
// reserved for the repetition is given back.
func TestReplay(t *testing.T) {
	inBubble(t, 2, func(r *rig) {
		r.start()
		spec := glovebox.Spec{Image: "here", Cmd: []string{"sleep", "1s"}}
		first, fresh, err := r.Submit(r.t.Context(), me, spec, key("k", "a"))
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		for range 5 {
			again, fresh, err := r.Submit(r.t.Context(), me, spec, key("k", "a"))
			if err != nil || fresh || again.ID != first.ID {
				t.Fatalf("%s fresh=%v, %v", again.ID, fresh, err)
			}
		}
		if _, _, err := r.Submit(r.t.Context(), me, spec, key("k", "b")); glovebox.KindOf(err) != glovebox.KindKeyReused {
			t.Errorf("another request under the key: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
		if r.Running() != 1 {
			t.Errorf("%d jobs take room", r.Running())
		}
		r.allArchived(time.Minute)
		if len(r.node.Starts()) != 1 {
			t.Errorf("started: %v", r.node.Starts())
		}
	})
}

// TestReplayAtOnce: also when the repetitions come at the same time, and the
// node is full.
func TestReplayAtOnce(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		r.submit("sleep", "1s")
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				if _, _, err := r.Submit(context.Background(), me, glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}}, key("k", "a")); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		r.allArchived(time.Minute)
		if len(r.store.jobs()) != 2 {
			t.Errorf("%d jobs", len(r.store.jobs()))
		}
	})
}

// TestLostAcceptance: the job is stored and the caller told that it failed. It
// runs all the same, and the repetition finds it.
func TestLostAcceptance(t *testing.T) {
	for _, image := range []string{"here", "far"} {
		inBubble(t, 1, func(r *rig) {
			faults := r.withFaults()
			r.start()
			faults.loseNext("CreateJob")
			spec := glovebox.Spec{Image: image, Cmd: []string{"exit", "7"}}
			if _, _, err := r.Submit(r.t.Context(), me, spec, key("k", "a")); glovebox.KindOf(err) != glovebox.KindUnavailable {
				t.Fatal(err)
			}
			again, fresh, err := r.Submit(r.t.Context(), me, spec, key("k", "a"))
			if err != nil || fresh {
				t.Fatal(fresh, err)
			}
			if job := r.archived(again.ID); job.Outcome != glovebox.StatusCompleted || job.Result.ExitCode != 7 {
				t.Errorf("%s %+v", job.Outcome, job.Result)
			}
			r.nothingLeft()
		})
	}
}

// TestFailedAcceptance: nothing was stored, so nothing stays reserved.
func TestFailedAcceptance(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		faults := r.withFaults()
		r.start()
		faults.set(func(_ int, name string) fate {
			if name == "CreateJob" {
				return fails
			}
			return works
		})
		for range 3 { // the first takes the only place, the others stand in line
			if _, _, err := r.Submit(r.t.Context(), me, glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}}, nil); err == nil {
				t.Fatal("accepted")
			}
		}
		r.nothingLeft()
	})
}
