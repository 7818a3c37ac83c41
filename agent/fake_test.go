package agent

import (
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
	"glovebox/runtime/fake"
)

// TestReferenceRuntime runs the reference model's commands through the agent,
// and through an agent with a pool: nothing else is different.
func TestReferenceRuntime(t *testing.T) {
	t.Run("cold", func(t *testing.T) { referenceRuntime(t, PoolConfig{}, glovebox.FromCold) })
	t.Run("pool", func(t *testing.T) {
		referenceRuntime(t, PoolConfig{Min: 2, Max: 2, Memory: 1 << 30}, glovebox.FromPool)
	})
}

func referenceRuntime(t *testing.T, pool PoolConfig, from string) {
	r := newRig(t)
	r.cfg.Pool = pool
	node := fake.New(glovebox.RuntimeGVisor)
	r.runtime = node
	r.control.blobs[testDigest] = []byte("layer")
	r.start()
	order := func(change func(*nodev1.Work)) string {
		r.has(pool.Max)
		o := testOrder(glovebox.NewID("job-"), change)
		r.control.order(o)
		return o.Job + "-1"
	}
	args := func(args ...string) func(*nodev1.Work) { return func(w *nodev1.Work) { w.Args = args } }

	tests := map[string]struct {
		args  []string
		code  int32
		fault string
		out   string
	}{
		"echo": {[]string{"echo", "hello"}, 0, "", "hello\n"},
		"exit": {[]string{"exit", "9"}, 9, "", ""},
		"kill": {[]string{"kill", "11"}, 139, "", ""},
		"oom":  {[]string{"oom"}, 137, "out_of_memory", ""},
		"none": {[]string{"no-such"}, 0, "no_executable", ""},
		"spew": {[]string{"spew", "700000"}, 0, "", ""},
		"env":  {[]string{"env"}, 0, "", "A=1\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			id := order(args(tt.args...))
			s := r.exited(id)
			if e := s.GetExit(); e.GetCode() != tt.code || e.GetFault().GetKind() != tt.fault || s.GetStartedFrom() != from {
				t.Errorf("told %v", s)
			}
			if out, _ := r.shipped(id, s.GetStdout()); tt.out != "" && out != tt.out {
				t.Errorf("output %q", out)
			}
			r.finished(id)
		})
	}
	t.Run("polite", func(t *testing.T) {
		id := order(args("polite"))
		r.shipped(id, 6)
		r.control.stop(id, time.Minute)
		s := r.exited(id)
		if out, _ := r.shipped(id, s.GetStdout()); s.GetExit().GetCode() != 3 || out != "ready\nbye\n" {
			t.Errorf("told %v, output %q", s, out)
		}
		r.finished(id)
	})
	t.Run("cat", func(t *testing.T) {
		id := order(func(w *nodev1.Work) { w.Args, w.Stdin = []string{"cat"}, true })
		r.stdin(id, func(in *input) { in.data, in.ended = noise(1, 300_000), true })
		if s := r.exited(id); s.GetStdout() != 300_000 {
			t.Errorf("told %v", s)
		}
		r.finished(id)
	})
	t.Run("lost", func(t *testing.T) {
		id := order(args("stubborn"))
		r.shipped(id, 6)
		r.restart()
		r.called()
		r.phase(id, nodev1.Phase_PHASE_RUNNING)
		node.Lose(id)
		if e := r.exited(id).GetExit(); e.GetFault().GetKind() != "node_lost" {
			t.Errorf("exit %v", e)
		}
		r.finished(id)
	})
}
