package providertest

import (
	"sync"
	"testing"
	"time"

	"glovebox"
)

// testMake: what is made runs, and the start and the end are reported.
func testMake(t *testing.T, w World) {
	job, r := w.job(w.Exit)
	made, err := w.Provider.Make(t.Context(), job, r)
	if err != nil {
		t.Fatal(err)
	}
	if made.State != glovebox.ResourceIntent && made.State != glovebox.ResourceObserved {
		t.Errorf("made as %s", made.State)
	}
	if made.State = r.State; made != r {
		t.Errorf("made %+v, planned %+v", made, r)
	}
	eventually(t, "the end", func() bool { return w.exit(r) != nil })
	if x := w.exit(r); x.Result == nil || x.Result.ExitCode != 7 || x.Fault != nil {
		t.Errorf("ended as %+v", x)
	}
	if !w.owns(t, r) {
		t.Error("what has ended still exists until it is removed")
	}
}

// testMakeTwice: making what is there is fine and starts nothing.
func testMakeTwice(t *testing.T, w World) {
	job, r := w.job(w.Never)
	w.make(t, job, r)
	eventually(t, "what runs is observed", func() bool {
		made, err := w.Provider.Make(t.Context(), job, r)
		if err != nil {
			t.Fatal(err)
		}
		return made.State == glovebox.ResourceObserved
	})
	time.Sleep(20 * time.Millisecond)
	if n := w.Starts(r.Name); n != 1 {
		t.Errorf("started %d times", n)
	}
	w.remove(t, job, r)
}

// testMakeAtOnce: also when the same is made at the same time.
func testMakeAtOnce(t *testing.T, w World) {
	job, r := w.job(w.Never)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := w.Provider.Make(t.Context(), job, r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	eventually(t, "the command starts", func() bool { return w.Starts(r.Name) > 0 })
	time.Sleep(20 * time.Millisecond)
	if n := w.Starts(r.Name); n != 1 {
		t.Errorf("started %d times", n)
	}
	w.remove(t, job, r)
}

// testStop: a cancelled job that is made again is stopped, and stays there
// until it is removed.
func testStop(t *testing.T, w World) {
	job, r := w.job(w.Never)
	w.make(t, job, r)
	job.Cancel = &glovebox.Cancel{By: "somebody", At: time.Now()}
	if _, err := w.Provider.Make(t.Context(), job, r); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end", func() bool { return w.exit(r) != nil })
	if !w.owns(t, r) {
		t.Error("stopping is not removing")
	}
	w.remove(t, job, r)
}
