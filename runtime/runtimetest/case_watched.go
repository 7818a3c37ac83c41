package runtimetest

import (
	"testing"

	"glovebox"
)

// watching: a runtime that is a Watcher sees a job that probes, while it runs
// and after, and has nothing to say of an ordinary one.
func (s suite) watching(t *testing.T) {
	watcher, ok := s.sys.(glovebox.Watcher)
	if !ok || s.n.Runtime != glovebox.RuntimeGVisor {
		return
	}
	look := func(t *testing.T, j *job) glovebox.Observed {
		t.Helper()
		seen, err := watcher.Watched(j.ctx, j.spec.ID)
		if err != nil {
			t.Fatalf("Watched: %v", err)
		}
		return seen
	}
	for name, args := range map[string][]string{"watched/ordinary": {"echo", "hello"}, "watched/probe": {"probe"}} {
		s.check(t, name, func(t *testing.T) {
			spec := s.spec(args...)
			spec.Watch = glovebox.WatchDefault
			j := s.newJob(t, spec, nil).start()
			j.ready()
			look(t, j) // while it runs, or just after
			j.wait()
			seen := look(t, j)
			kinds := map[string]bool{}
			for _, x := range seen.Things {
				kinds[x.Kind] = true
				if x.Count == 0 || x.First.IsZero() || x.Last.Before(x.First) {
					t.Errorf("%+v", x)
				}
			}
			if !kinds[glovebox.ObserveExec] || seen.TasksPeak == 0 {
				t.Errorf("its program was not seen: %+v", seen)
			}
			for _, kind := range []string{glovebox.ObserveMetadata, glovebox.ObserveSocket, glovebox.ObserveCall} {
				if kinds[kind] != (name == "watched/probe") {
					t.Errorf("%s seen: %v: %+v", kind, kinds[kind], seen.Things)
				}
			}
			j.destroy()
			_, err := watcher.Watched(j.ctx, j.spec.ID)
			wantKind(t, err, glovebox.KindNotFound)
		})
	}
	s.check(t, "watched/full", func(t *testing.T) {
		spec := s.spec("echo", "hello")
		spec.Watch = glovebox.WatchFull
		j := s.newJob(t, spec, nil).start()
		j.wait()
		if seen := look(t, j); seen.Calls["write"] == 0 {
			t.Errorf("no write among %v", seen.Calls)
		}
		j.destroy()
	})
	s.check(t, "watched/off", func(t *testing.T) {
		j := s.newJob(t, s.spec("echo", "hello"), nil).start()
		j.wait()
		_, err := watcher.Watched(j.ctx, j.spec.ID)
		wantKind(t, err, glovebox.KindConflict)
		j.destroy()
	})
}
