package orchestrator_test

import (
	"context"
	"testing"
	"time"

	"glovebox"
)

// TestWatch: a watcher sees every status that lasts, as soon as it comes.
func TestWatch(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.submit("sleep", "1s")
		seen := []glovebox.Status{job.Status}
		for job.Status != glovebox.StatusArchived {
			next, err := r.Watch(r.t.Context(), me, job.ID, job.Version)
			if err != nil {
				t.Fatal(err)
			}
			if next.Version <= job.Version {
				t.Fatalf("version %d after %d", next.Version, job.Version)
			}
			if next.Status != job.Status {
				seen = append(seen, next.Status)
			}
			if next.Status == glovebox.StatusRunning && time.Since(next.StartedAt) > 10*time.Millisecond {
				t.Errorf("told after %s", time.Since(next.StartedAt))
			}
			job = next
		}
		want := []glovebox.Status{glovebox.StatusProvisioning, glovebox.StatusRunning, glovebox.StatusCompleted, glovebox.StatusArchived}
		if len(seen) != len(want) {
			t.Errorf("saw %v", seen)
		}
		if r.Watched() != 0 {
			t.Error("a watcher was left behind")
		}
	})
}

// TestWatchEnds: a watcher that goes away leaves nothing behind, and many may
// watch one job.
func TestWatchEnds(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.archived(r.submit("exit", "0").ID)
		ended := make(chan error, 10)
		ctx, cancel := context.WithCancel(r.t.Context())
		for range 10 {
			go func() {
				_, err := r.Watch(ctx, me, job.ID, job.Version)
				ended <- err
			}()
		}
		time.Sleep(10 * time.Second)
		if r.Watched() != 1 {
			t.Errorf("%d jobs are watched", r.Watched())
		}
		cancel()
		for range 10 {
			if err := <-ended; err != context.Canceled {
				t.Errorf("ended with %v", err)
			}
		}
		if r.Watched() != 0 {
			t.Error("a watcher was left behind")
		}
	})
}

// TestWatchAnotherProcess: changes that another process makes are seen, too.
func TestWatchAnotherProcess(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.submit("never")
		job = r.reaches(job.ID, glovebox.StatusRunning)
		time.AfterFunc(time.Second, func() {
			changed := job
			changed.Owner = "somebody else"
			_, _ = r.store.UpdateJob(context.Background(), changed, glovebox.Lazy)
		})
		began := time.Now()
		next, err := r.Watch(r.t.Context(), me, job.ID, job.Version)
		if err != nil || next.Owner != "somebody else" || time.Since(began) > 4*time.Second {
			t.Errorf("%q after %s, %v", next.Owner, time.Since(began), err)
		}
		if _, err := r.Cancel(r.t.Context(), me, job.ID); err != nil {
			t.Fatal(err)
		}
		r.allArchived(time.Minute)
	})
}
