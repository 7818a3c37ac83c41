package agent

import (
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// TestCollect: what a command writes while there is no agent is taken in its
// place, up to the cap, and the next agent goes on where that stopped.
func TestCollect(t *testing.T) {
	for name, c := range map[string]struct {
		cap  int64
		want string
		kind glovebox.Kind
	}{
		"all":      {1 << 20, "one two " + strings.Repeat("x", 300<<10), ""},
		"to a cap": {10000, "one two " + strings.Repeat("x", 9992) + "\n[glovebox: output cut at 10000 bytes]\n", glovebox.KindOutput},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.start()
			more := make(chan string)
			id := r.job(func(p *proc) int {
				for s := range more {
					_, _ = p.Out.Write([]byte(s))
				}
				return 3
			}, outputCap(c.cap))
			more <- "one "
			r.shipped(id, 4)
			r.stop()
			collected, err := Collect(r.dir, id)
			if err != nil {
				t.Fatal(err)
			}
			more <- "two "
			more <- strings.Repeat("x", 300<<10) // more than the pipe holds
			more <- ""                           // it was written
			collected.Stop()
			r.start()
			close(more)
			e := r.exited(id)
			if kind := glovebox.Kind(e.GetExit().GetFault().GetKind()); kind != c.kind {
				t.Errorf("told %v", e)
			}
			if out, _ := r.shipped(id, int64(len(c.want))); out != c.want {
				t.Errorf("output of %d bytes: %.100q", len(out), out)
			}
			r.finished(id)
		})
	}
}

// TestStandingIn: a sandbox stands from the mark before its start until its end
// is written down, whoever has written that.
func TestStandingIn(t *testing.T) {
	r := newRig(t)
	if all := StandingIn(r.dir); len(all) != 0 {
		t.Errorf("before any agent: %v", all)
	}
	r.start()
	end := make(chan struct{})
	before := time.Now()
	id := r.job(func(*proc) int { <-end; return 0 }, func(w *nodev1.Work) { w.Timeout = duration(time.Hour) })
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	eventually(t, "it stands", func() bool { return len(StandingIn(r.dir)) == 1 })
	s := StandingIn(r.dir)[0]
	if left := s.Deadline.Sub(before); s.ID != id || s.Runtime != glovebox.RuntimeGVisor || left < time.Hour || left > time.Hour+time.Minute || len(s.Output) != 2 {
		t.Errorf("%+v", s)
	}
	close(end)
	r.exited(id)
	if all := StandingIn(r.dir); len(all) != 0 {
		t.Errorf("after its end: %v", all)
	}
	if all := Begun(r.dir); len(all) != 1 || all[0] != id {
		t.Errorf("begun: %v", all)
	}
	r.finished(id)
}
