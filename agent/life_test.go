package agent

import (
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

func hello(p *proc) int {
	_, _ = p.Out.WriteString("hello\n")
	_, _ = p.Err.WriteString("oops\x00\xff\n")
	return 3
}

// stay runs until it is ended, taking SIGTERM with code 143 at once.
func stay(p *proc) int {
	select {
	case <-p.Term:
		return 143
	case <-p.Kill:
		return 137
	}
}

// stubborn does not mind SIGTERM.
func stubborn(p *proc) int {
	<-p.Kill
	return 137
}

func TestWholePath(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(hello)
	s := r.exited(id)
	if e := s.GetExit(); e.GetCode() != 3 || !e.GetStarted() || e.GetFault() != nil {
		t.Errorf("exit %v", e)
	}
	if s.GetStdout() != 6 || s.GetStderr() != 7 || s.GetTruncated() || s.GetStarted() == nil {
		t.Errorf("told %v", s)
	}
	if out, err := r.shipped(id, 13); out != "hello\n" || err != "oops\x00\xff\n" {
		t.Errorf("output %q %q", out, err)
	}
	r.finished(id)
	req := r.control.reqs[0]
	if req.GetNode() != "node-1" || req.GetBoot() != "boot-1" || req.GetRun() == "" || req.GetSequence() != 1 {
		t.Errorf("request %v", req)
	}
}

func TestStartFails(t *testing.T) {
	for _, step := range []string{"create", "start", "image"} {
		t.Run(step, func(t *testing.T) {
			r := newRig(t)
			r.node.setFail(step, func(string) error {
				return glovebox.Errorf(glovebox.KindNoExecutable, "no such command").On("cmd").Try("look")
			})
			r.start()
			id := r.job(hello)
			e := r.exited(id).GetExit()
			if e.GetStarted() || e.GetFault().GetKind() != "no_executable" || e.GetFault().GetField() != "cmd" || e.GetFault().GetHint() != "look" {
				t.Errorf("exit %v", e)
			}
			r.finished(id)
		})
	}
}

func TestLeftoverOfTheSameName(t *testing.T) {
	r := newRig(t)
	first := true
	r.node.setFail("create", func(string) error {
		if first {
			first = false
			return glovebox.Errorf(glovebox.KindConflict, "exists")
		}
		return nil
	})
	r.start()
	id := r.job(hello)
	if e := r.exited(id).GetExit(); e.GetCode() != 3 {
		t.Errorf("exit %v", e)
	}
	r.finished(id)
}

func TestStop(t *testing.T) {
	tests := map[string]struct {
		command func(*proc) int
		grace   time.Duration
		code    int32
	}{
		"takes SIGTERM": {stay, time.Minute, 143},
		"does not":      {stubborn, 20 * time.Millisecond, 137},
		"no grace":      {stubborn, 0, 137},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.start()
			id := r.job(tt.command)
			r.phase(id, nodev1.Phase_PHASE_RUNNING)
			r.control.stop(id, tt.grace)
			e := r.exited(id).GetExit()
			if e.GetCode() != tt.code || e.GetFault() != nil || !e.GetStarted() {
				t.Errorf("exit %v", e)
			}
			r.finished(id)
		})
	}
}

func TestStopBeforeStart(t *testing.T) {
	r := newRig(t)
	r.start()
	o := r.newOrder(hello)
	o.Stop = true
	r.control.order(o)
	id := o.Job + "-1"
	e := r.exited(id).GetExit()
	if e.GetStarted() || e.GetFault().GetKind() != "cancelled" || r.node.runs(id) != 0 {
		t.Errorf("exit %v", e)
	}
	r.finished(id)
}

func TestTimeout(t *testing.T) {
	for name, command := range map[string]func(*proc) int{"takes SIGTERM": stay, "does not": stubborn} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.cfg.StopGrace = 20 * time.Millisecond
			r.start()
			id := r.job(command, func(w *nodev1.Work) { w.Timeout = duration(50 * time.Millisecond) })
			f := r.exited(id).GetExit().GetFault()
			if f.GetKind() != "timeout" || !strings.Contains(f.GetHint(), "50ms") {
				t.Errorf("fault %v", f)
			}
			r.finished(id)
		})
	}
}

func TestLimits(t *testing.T) {
	tests := map[glovebox.Kind]string{glovebox.KindOutOfMemory: "67108864", glovebox.KindPids: "10", glovebox.KindDisk: "1048576"}
	for kind, value := range tests {
		t.Run(string(kind), func(t *testing.T) {
			r := newRig(t)
			r.start()
			id := r.job(func(p *proc) int { p.Limit = kind; return 137 })
			e := r.exited(id).GetExit()
			if e.GetFault().GetKind() != string(kind) || !strings.Contains(e.GetFault().GetHint(), value) || e.GetCode() != 137 || e.GetSignal() != 9 {
				t.Errorf("exit %v", e)
			}
			r.finished(id)
		})
	}
}

func TestResidue(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(hello)
	r.exited(id)
	r.node.setResidue(glovebox.Residue{Kind: "mount", Name: "/x", Sandbox: id}, glovebox.Residue{Kind: "mount", Name: "/y", Sandbox: "other"})
	r.shipped(id, 13)
	r.control.drop(id)
	s := r.until(id, "with residue", func(s *nodev1.Sandbox) bool { return len(s.GetResidue()) > 0 })
	if s.GetPhase() != nodev1.Phase_PHASE_DESTROYING || len(s.GetResidue()) != 1 || s.GetResidue()[0].GetName() != "/x" {
		t.Errorf("told %v", s)
	}
	r.node.setResidue()
	r.finished(id)
}

func TestDestroyFails(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(stay)
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	r.node.setFail("destroy", func(string) error { return glovebox.Errorf(glovebox.KindInternal, "stuck") })
	r.control.drop(id)
	s := r.until(id, "with residue", func(s *nodev1.Sandbox) bool { return len(s.GetResidue()) > 0 })
	if s.GetResidue()[0].GetKind() != "unknown" || s.GetResidue()[0].GetName() != "stuck" {
		t.Errorf("told %v", s)
	}
	r.node.setFail("destroy", nil)
	r.finished(id)
}

func TestOrderedAgainAfterwards(t *testing.T) {
	r := newRig(t)
	r.start()
	o := r.newOrder(hello)
	r.control.order(o)
	id := o.Job + "-1"
	r.exited(id)
	r.shipped(id, 13)
	r.finished(id)
	r.control.order(o)
	if e := r.exited(id).GetExit(); e.GetFault().GetKind() != "node_lost" {
		t.Errorf("exit %v", e)
	}
	if n := r.node.runs(id); n != 1 {
		t.Errorf("ran %d times", n)
	}
	r.finished(id)
}

func TestColdStartsAreFew(t *testing.T) {
	r := newRig(t)
	r.cfg.Starts = 3
	r.node.setFail("create", func(string) error { time.Sleep(2 * time.Millisecond); return nil })
	r.start()
	var ids []string
	for range 40 {
		ids = append(ids, r.job(hello))
	}
	for _, id := range ids {
		r.exited(id)
	}
	if n := r.node.most.Load(); n > 3 {
		t.Errorf("%d at one time", n)
	}
	for _, id := range ids {
		r.finished(id)
	}
}
