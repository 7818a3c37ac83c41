package providertest

import (
	"testing"
	"time"

	"glovebox"
)

// testRemoveRunning: removing ends what runs.
func testRemoveRunning(t *testing.T, w World) {
	job, r := w.job(w.Never)
	w.make(t, job, r)
	w.remove(t, job, r)
}

func testRemoveEnded(t *testing.T, w World) {
	job, r := w.job(w.Exit)
	w.make(t, job, r)
	eventually(t, "the end", func() bool { return w.exit(r) != nil })
	w.remove(t, job, r)
}

// testRemoveTwice: what is gone is gone, however often one asks.
func testRemoveTwice(t *testing.T, w World) {
	job, r := w.job(w.Never)
	w.make(t, job, r)
	for range 3 {
		if left, err := w.Provider.Remove(t.Context(), job, r); err != nil || left.State != glovebox.ResourceDeleting && left.State != glovebox.ResourceGone {
			t.Fatalf("left %s, %v", left.State, err)
		}
	}
	for range 3 {
		w.remove(t, job, r)
	}
	if n := w.Starts(r.Name); n != 1 {
		t.Errorf("started %d times", n)
	}
}

// testRemoveNeverMade: cleaning up is safe even if making never ran.
func testRemoveNeverMade(t *testing.T, w World) {
	job, r := w.job(w.Never)
	w.remove(t, job, r)
	if n := w.Starts(r.Name); n != 0 {
		t.Errorf("started %d times", n)
	}
}

// testRemoveSoon: what is removed right after it was made may have been started
// or not, but is gone in the end and stays so.
func testRemoveSoon(t *testing.T, w World) {
	for range 10 {
		job, r := w.job(w.Never)
		if _, err := w.Provider.Make(t.Context(), job, r); err != nil {
			t.Fatal(err)
		}
		w.remove(t, job, r)
		started := w.Starts(r.Name)
		time.Sleep(5 * time.Millisecond)
		if n := w.Starts(r.Name); n != started || n > 1 || w.owns(t, r) {
			t.Fatalf("it came back: started %d, then %d times", started, n)
		}
	}
}

func testRemoveOnlyThat(t *testing.T, w World) {
	job, r := w.job(w.Never)
	other, s := w.job(w.Never)
	w.make(t, job, r)
	w.make(t, other, s)
	w.remove(t, job, r)
	if !w.owns(t, s) || w.exit(s) != nil {
		t.Error("another job's sandbox was removed, too")
	}
}

// testOwned: the list has exactly what exists.
func testOwned(t *testing.T, w World) {
	var made []glovebox.Resource
	var jobs []glovebox.Job
	for range 5 {
		job, r := w.job(w.Never)
		w.make(t, job, r)
		made, jobs = append(made, r), append(jobs, job)
	}
	for i := range made {
		eventually(t, "exactly what exists is owned", func() bool {
			owned, err := w.Provider.Owned(t.Context())
			return err == nil && len(owned) == len(made)-i
		})
		for k, r := range made {
			if w.owns(t, r) != (k >= i) {
				t.Errorf("%s is listed: %v", r.Name, k < i)
			}
		}
		w.remove(t, jobs[i], made[i])
	}
}
