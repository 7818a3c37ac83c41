package agent

import (
	"sync/atomic"
	"testing"

	"glovebox"
)

// TestRuntimeAway: while the runtime is away, before the command was started,
// the sandbox is made again, and the job does not hear of it.
func TestRuntimeAway(t *testing.T) {
	for _, step := range []string{"image", "create", "start"} {
		for _, kind := range []glovebox.Kind{glovebox.KindUnavailable, glovebox.KindNotFound} {
			t.Run(step+" "+string(kind), func(t *testing.T) {
				r := newRig(t)
				var tries atomic.Int32
				r.node.setFail(step, func(string) error {
					if tries.Add(1) <= 3 {
						return glovebox.Errorf(kind, "the shim is not there")
					}
					return nil
				})
				r.start()
				id := r.job(hello)
				s := r.exited(id)
				if e := s.GetExit(); e.GetCode() != 3 || e.GetFault() != nil || tries.Load() != 4 {
					t.Errorf("exit %v after %d tries", e, tries.Load())
				}
				if out, _ := r.shipped(id, s.GetStdout()+s.GetStderr()); out != "hello\n" {
					t.Errorf("output %q", out)
				}
				if n := r.node.ran[id]; n != 1 {
					t.Errorf("started %d times", n)
				}
				r.finished(id)
			})
		}
	}
}

// TestMayHaveStarted: after a start whose outcome nobody knows, there is none
// again.
func TestMayHaveStarted(t *testing.T) {
	r := newRig(t)
	var tries atomic.Int32
	r.node.setFail("start", func(string) error {
		tries.Add(1)
		return glovebox.Errorf(glovebox.KindNodeLost, "the shim died meanwhile")
	})
	r.start()
	id := r.job(hello)
	if e := r.exited(id).GetExit(); e.GetFault().GetKind() != "node_lost" || tries.Load() != 1 {
		t.Errorf("exit %v after %d tries", e, tries.Load())
	}
	r.finished(id)
}
