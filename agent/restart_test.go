package agent

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// killAt makes the agent's goroutine for any sandbox stop dead before step,
// once, and returns a channel that is closed when it has.
func (r *rig) killAt(step string) <-chan struct{} {
	var once sync.Once
	dead := make(chan struct{})
	r.halt = func(_, at string) (stop bool) {
		if at == step {
			once.Do(func() { close(dead); stop = true })
		}
		return stop
	}
	return dead
}

// TestKilledAtEveryStep kills the agent before each step of a sandbox's life.
// The job must end well, having run exactly once.
func TestKilledAtEveryStep(t *testing.T) {
	steps := []string{"folder", "clear", "image", "slot", "stdio", "create", "marker", "start", "watch", "exit", "held", "destroy", "remove"}
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			r := newRig(t)
			dead := r.killAt(step)
			r.start()
			id := r.job(hello)
			late := step == "destroy" || step == "remove"
			if late {
				r.exited(id)
				r.shipped(id, 13)
				r.control.drop(id)
			}
			<-dead
			r.restart()
			if late {
				r.finished(id)
				return
			}
			e := r.exited(id).GetExit()
			if e.GetCode() != 3 || e.GetFault() != nil || r.node.runs(id) != 1 {
				t.Errorf("exit %v, ran %d times", e, r.node.runs(id))
			}
			if out, errs := r.shipped(id, 13); out != "hello\n" || errs != "oops\x00\xff\n" {
				t.Errorf("output %q %q", out, errs)
			}
			r.finished(id)
		})
	}
}

// TestVanishesAtEveryStep lets the order vanish while the agent is dead.
func TestVanishesAtEveryStep(t *testing.T) {
	for _, step := range []string{"folder", "clear", "image", "slot", "stdio", "create", "marker", "start", "watch", "exit", "held", "destroy"} {
		t.Run(step, func(t *testing.T) {
			r := newRig(t)
			dead := r.killAt(step)
			r.start()
			id := r.job(hello)
			if step == "destroy" {
				r.exited(id)
				r.control.drop(id)
			}
			<-dead
			r.stop()
			r.control.drop(id)
			r.start()
			r.finished(id)
			eventually(t, "folders gone", func() bool {
				left, _ := os.ReadDir(filepath.Join(r.dir, dirSandboxes))
				return len(left) == 0
			})
		})
	}
}

func TestVanishesInEveryPhase(t *testing.T) {
	t.Run("preparing", func(t *testing.T) {
		r := newRig(t)
		r.node.fetch = func(ctx context.Context, _ glovebox.FetchBlob) error { <-ctx.Done(); return ctx.Err() }
		r.start()
		id := r.job(hello)
		r.phase(id, nodev1.Phase_PHASE_PREPARING)
		r.finished(id)
	})
	t.Run("running", func(t *testing.T) {
		r := newRig(t)
		r.start()
		id := r.job(stubborn)
		r.phase(id, nodev1.Phase_PHASE_RUNNING)
		r.finished(id)
	})
	t.Run("exited", func(t *testing.T) {
		r := newRig(t)
		r.start()
		id := r.job(hello)
		r.exited(id)
		r.finished(id)
		if out, errs := r.output(id); out != "hello\n" || len(errs) != 7 {
			t.Errorf("output was not shipped before: %q %q", out, errs)
		}
	})
}

func TestAdopted(t *testing.T) {
	r := newRig(t)
	r.start()
	more := make(chan struct{})
	id := r.job(func(p *proc) int {
		_, _ = p.Out.WriteString("one\n")
		<-more
		_, _ = p.Out.WriteString("two\n")
		return 0
	})
	r.shipped(id, 4)
	r.stop()
	close(more)
	eventually(t, "command over", func() bool {
		select {
		case <-r.node.box(id).over:
			return true
		default:
			return false
		}
	})
	r.start()
	if e := r.exited(id).GetExit(); e.GetCode() != 0 || e.GetFault() != nil {
		t.Errorf("exit %v", e)
	}
	if out, _ := r.shipped(id, 8); out != "one\ntwo\n" {
		t.Errorf("output %q", out)
	}
	r.finished(id)
}

// TestNothingHappensBeforeAnAnswer starts an agent while control is away.
func TestNothingHappensBeforeAnAnswer(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(stay)
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	r.stop()
	r.control.drop(id)
	r.control.close()
	r.node.mu.Lock()
	r.node.calls = nil
	r.node.mu.Unlock()
	r.start()
	time.Sleep(150 * time.Millisecond)
	r.node.mu.Lock()
	for _, c := range r.node.calls {
		if c != "list " && c != "wait "+id {
			t.Errorf("called %q without an answer", c)
		}
	}
	r.node.mu.Unlock()
	os.Remove(r.socket)
	if err := r.control.serve(r.socket); err != nil {
		t.Fatal(err)
	}
	r.finished(id)
}

func TestTimeoutCountsFromTheFirstStart(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(stay, func(w *nodev1.Work) { w.Timeout = duration(300 * time.Millisecond) })
	began := time.Now()
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	time.Sleep(150 * time.Millisecond)
	r.restart()
	f := r.exited(id).GetExit().GetFault()
	if took := time.Since(began); f.GetKind() != "timeout" || took > 430*time.Millisecond {
		t.Errorf("fault %v after %s", f, took)
	}
	r.finished(id)
}

func TestLost(t *testing.T) {
	t.Run("sandbox gone", func(t *testing.T) {
		r := newRig(t)
		r.start()
		id := r.job(func(p *proc) int { _, _ = p.Out.WriteString("kept"); return stay(p) })
		r.phase(id, nodev1.Phase_PHASE_RUNNING)
		r.shipped(id, 4)
		r.stop()
		_ = r.node.Destroy(context.Background(), id)
		r.start()
		if e := r.exited(id).GetExit(); e.GetFault().GetKind() != "node_lost" || !e.GetStarted() {
			t.Errorf("exit %v", e)
		}
		r.finished(id)
	})
	t.Run("node restarted", func(t *testing.T) {
		r := newRig(t)
		r.control.shipErr = func(*nodev1.OutputChunk) error { return context.Canceled }
		r.start()
		id := r.job(func(p *proc) int { _, _ = p.Out.WriteString("kept"); return stay(p) })
		r.until(id, "written", func(s *nodev1.Sandbox) bool {
			info, err := os.Stat(filepath.Join(r.dir, dirSandboxes, id, "stdout.spool"))
			return err == nil && info.Size() == 4
		})
		r.stop()
		_ = r.node.Destroy(context.Background(), id)
		r.boot = "boot-2"
		r.control.mu.Lock()
		r.control.shipErr = nil
		r.control.mu.Unlock()
		r.start()
		s := r.exited(id)
		if s.GetExit().GetFault().GetKind() != "node_lost" || s.GetStdout() != 4 {
			t.Errorf("told %v", s)
		}
		if out, _ := r.shipped(id, 4); out != "kept" {
			t.Errorf("output %q", out)
		}
		r.finished(id)
	})
	t.Run("record damaged", func(t *testing.T) {
		r := newRig(t)
		r.start()
		id := r.job(stay)
		r.phase(id, nodev1.Phase_PHASE_RUNNING)
		r.stop()
		if err := os.WriteFile(filepath.Join(r.dir, dirSandboxes, id, fileOrder), []byte("garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		r.start()
		if e := r.exited(id).GetExit(); e.GetFault().GetKind() != "node_lost" {
			t.Errorf("exit %v", e)
		}
		r.finished(id)
	})
}

// TestStrays are sandboxes of which the agent has no record.
func TestStrays(t *testing.T) {
	r := newRig(t)
	r.node.boxes["not-ours"] = &box{}
	ordered, started, stray := testOrder(glovebox.NewID("job-")), testOrder(glovebox.NewID("job-")), glovebox.NewID("job-")+"-7"
	r.node.commands[ordered.Job] = hello
	r.node.boxes[ordered.Job+"-1"] = &box{}
	r.node.boxes[started.Job+"-1"] = &box{started: true}
	r.node.boxes[stray] = &box{}
	r.control.order(ordered)
	r.control.order(started)
	fails := 2
	r.node.setFail("list", func(string) error {
		if fails--; fails >= 0 {
			return glovebox.Errorf(glovebox.KindUnavailable, "not yet")
		}
		return nil
	})
	r.start()
	if e := r.exited(ordered.Job + "-1").GetExit(); e.GetCode() != 3 || e.GetFault() != nil {
		t.Errorf("exit %v", e)
	}
	if e := r.exited(started.Job + "-1").GetExit(); e.GetFault().GetKind() != "node_lost" {
		t.Errorf("exit %v", e)
	}
	r.until(stray, "gone", func(s *nodev1.Sandbox) bool { return s == nil })
	eventually(t, "strays gone", func() bool { return r.node.box("not-ours") == nil && r.node.box(stray) == nil })
	if len(r.control.reqs[0].GetHave()) != 4 {
		t.Errorf("first told %v", r.control.reqs[0].GetHave())
	}
	r.finished(ordered.Job + "-1")
}

func TestOneAgentForAFolder(t *testing.T) {
	r := newRig(t)
	r.start()
	r.called()
	err := r.agent.Run(context.Background())
	if glovebox.KindOf(err) != glovebox.KindInUse {
		t.Errorf("got %v", err)
	}
}
