package orchestrator_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"glovebox"
	"glovebox/orchestrator"
	"glovebox/provider/fake"
)

// reaping gives a story a reaper, a live job, and an orphan on the node.
func reaping(t *testing.T, story func(*rig, *faultStore, *orchestrator.Reaper, glovebox.Resource)) {
	inBubble(t, 5, func(r *rig) {
		faults := r.withFaults()
		r.start()
		live := r.reaches(r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"never"}, Timeout: glovebox.Duration(time.Hour)}).ID, glovebox.StatusRunning)
		orphan := glovebox.Job{ID: "jorphan", Node: "n1", Command: glovebox.Command{Args: []string{"never"}}}
		res := r.node.Plan(orphan)[0]
		if _, err := r.node.Make(r.t.Context(), orphan, res); err != nil {
			t.Fatal(err)
		}
		story(r, faults, &orchestrator.Reaper{Store: faults, Provider: r.node, Log: slog.New(slog.DiscardHandler), Grace: time.Minute}, res)
		if got := r.status(live.ID); got != glovebox.StatusRunning {
			t.Errorf("the live job is %s", got)
		}
		time.Sleep(time.Second)
		if owned := r.owned(); !owned[live.Ledger[0].Name] {
			t.Error("the live job's sandbox was removed")
		}
	})
}

func (r *rig) owned() map[string]bool {
	all, _ := r.node.Owned(r.t.Context())
	names := map[string]bool{}
	for _, res := range all {
		names[res.Name] = true
	}
	return names
}

// TestReaperWaits: an orphan is removed once it has been one for the grace
// period, not before.
func TestReaperWaits(t *testing.T) {
	reaping(t, func(r *rig, _ *faultStore, reaper *orchestrator.Reaper, orphan glovebox.Resource) {
		for range 6 {
			if due, err := reaper.Round(r.t.Context(), time.Now()); err != nil || len(due) != 0 {
				t.Fatalf("too early: %v, %v", due, err)
			}
			time.Sleep(10 * time.Second)
		}
		due, err := reaper.Round(r.t.Context(), time.Now())
		if err != nil || len(due) != 1 || due[0].Name != orphan.Name {
			t.Fatalf("due: %v, %v", due, err)
		}
		time.Sleep(time.Second)
		if r.owned()[orphan.Name] {
			t.Error("it is still there")
		}
	})
}

// TestReaperDryRun says what it would remove and removes nothing.
func TestReaperDryRun(t *testing.T) {
	reaping(t, func(r *rig, _ *faultStore, reaper *orchestrator.Reaper, orphan glovebox.Resource) {
		reaper.DryRun = true
		for range 3 {
			if _, err := reaper.Round(r.t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		due, err := reaper.Round(r.t.Context(), time.Now())
		if err != nil || len(due) != 1 || !r.owned()[orphan.Name] {
			t.Errorf("due %v, %v; still there: %v", due, err, r.owned()[orphan.Name])
		}
	})
}

// TestReaperWithoutStore: on a store that cannot be read, or that is empty,
// everything would look like an orphan.
func TestReaperWithoutStore(t *testing.T) {
	reaping(t, func(r *rig, faults *faultStore, reaper *orchestrator.Reaper, orphan glovebox.Resource) {
		for _, call := range []string{"Job", "ListJobs"} {
			faults.set(func(_ int, name string) fate {
				if name == call {
					return fails
				}
				return works
			})
			for range 5 {
				if due, err := reaper.Round(r.t.Context(), time.Now()); err == nil || len(due) != 0 {
					t.Fatalf("%s fails: due %v, %v", call, due, err)
				}
				time.Sleep(time.Minute)
			}
		}
		reaper.Store = newRig(t, 1).store // somebody's new and empty one
		for range 5 {
			if due, err := reaper.Round(r.t.Context(), time.Now()); err == nil || len(due) != 0 {
				t.Fatalf("empty store: due %v, %v", due, err)
			}
			time.Sleep(time.Minute)
		}
		if !r.owned()[orphan.Name] {
			t.Error("the orphan is gone")
		}
		faults.set(func(int, string) fate { return works })
	})
}

// TestReaperWithoutProvider: a list that could not be had is not an empty one.
func TestReaperWithoutProvider(t *testing.T) {
	reaping(t, func(r *rig, _ *faultStore, reaper *orchestrator.Reaper, orphan glovebox.Resource) {
		away := errors.New("away")
		if _, err := reaper.Round(r.t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		r.breaks(func(s fake.Step, res glovebox.Resource) error {
			if s == fake.StepOwned || s == fake.StepRemove && res.Name == orphan.Name {
				return away
			}
			return nil
		})
		if _, err := reaper.Round(r.t.Context(), time.Now()); !errors.Is(err, away) {
			t.Errorf("round: %v", err)
		}
		r.breaks(nil)
		due, err := reaper.Round(r.t.Context(), time.Now())
		if err != nil || len(due) != 1 {
			t.Errorf("the failed round made it forget what it had seen: %v, %v", due, err)
		}
	})
}

// TestReaperGoesOn: one orphan that cannot be removed holds up no other.
func TestReaperGoesOn(t *testing.T) {
	reaping(t, func(r *rig, _ *faultStore, reaper *orchestrator.Reaper, stuck glovebox.Resource) {
		second := glovebox.Job{ID: "jsecond", Node: "n1", Command: glovebox.Command{Args: []string{"never"}}}
		if _, err := r.node.Make(r.t.Context(), second, r.node.Plan(second)[0]); err != nil {
			t.Fatal(err)
		}
		r.breaks(func(s fake.Step, res glovebox.Resource) error {
			if s == fake.StepRemove && res.Name == stuck.Name {
				return errors.New("stuck")
			}
			return nil
		})
		_, _ = reaper.Round(r.t.Context(), time.Now())
		time.Sleep(2 * time.Minute)
		if due, err := reaper.Round(r.t.Context(), time.Now()); err == nil || len(due) != 2 {
			t.Errorf("due %v, %v", due, err)
		}
		time.Sleep(time.Second)
		if left := r.owned(); !left[stuck.Name] || left["jsecond-1"] {
			t.Errorf("left: %v", left)
		}
	})
}
