package shimtest

import (
	"strings"
	"testing"
)

// The limits of a restored job are its own, not those of the one that was saved.
func TestRestoredLimits(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	dir, from, _ := s.saved(t, holder(20))
	for name, c := range map[string]struct {
		change func(*Job)
		ask    string
		in     string
	}{
		"memory":  {func(j *Job) { j.Memory = 150 << 20 }, "eat 400", "oomKills"},
		"tasks":   {func(j *Job) { j.Tasks = 30 }, "fork 40", "tasksDenied"},
		"scratch": {func(*Job) {}, "fill 100", "scratchFull"},
	} {
		t.Run(name, func(t *testing.T) {
			j := holder(20)
			c.change(&j)
			r := s.restored(t, dir, from, j)
			r.Start(t)
			r.Tell(t, c.ask)
			if code := r.Wait(t); code != 137 {
				t.Errorf("it ended with %d", code)
			}
			if report := r.Report(t); report[c.in] == nil || report["killed"] != true {
				t.Errorf("report %v", report)
			}
			r.Delete(t)
			// Control: what the limit does not forbid goes.
			r = s.restored(t, dir, from, holder(20))
			r.Start(t)
			r.Tell(t, strings.Fields(c.ask)[0]+" 10")
			if got := r.Ask(t, "echo alive"); !strings.Contains(got, "alive") && !strings.Contains(r.Line(t), "alive") {
				t.Errorf("a little of it: %q", got)
			}
			r.finished(t)
		})
	}
}

// A restored job can be saved, and restored again.
func TestSaveRestored(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	dir, from, ready := s.saved(t, holder(10))
	for range 3 {
		r := s.restored(t, dir, from, holder(10))
		r.Start(t)
		if got := r.Ask(t, "sum"); got != ready[2] {
			t.Errorf("it has %q", got)
		}
		next := s.SnapshotDir(t)
		must(t, r.Save(next, false))
		if got := r.Ask(t, "loop y"); got != "y <nil>" {
			t.Errorf("after it was saved: %q", got)
		}
		r.Tell(t, "fill 100") // what watches the layer does so still
		r.Wait(t)
		if report := r.Report(t); report["scratchFull"] != "bytes" {
			t.Errorf("report %v", report)
		}
		r.Delete(t)
		dir = next
	}
}
