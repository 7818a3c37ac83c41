package containerd_test

import (
	"testing"
	"time"

	"glovebox"
	"glovebox/runtime/runtimetest"
)

// TestRecall: how a command under runc ended while there was nobody is known to
// its shim, and lost when containerd starts unless it was asked before.
func TestRecall(t *testing.T) {
	for name, c := range map[string]struct {
		seconds string
		recall  bool
		over    bool
		kind    glovebox.Kind
	}{
		"asked after the end":  {"0.3", true, true, ""},
		"asked before the end": {"2", true, false, ""},
		"not asked":            {"0.3", false, false, glovebox.KindNodeLost},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, glovebox.RuntimeRunc)
			r := n.open(t)
			img := runtimetest.NewImage(t)
			if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
				t.Fatal(err)
			}
			spec := glovebox.SandboxSpec{
				ID: "recall-1", Image: img.Image, Runtime: glovebox.RuntimeRunc, Limits: glovebox.MinLimits(),
				Args: []string{"/bin/sh", "-c", "sleep " + c.seconds + "; exit 3"},
			}
			spec.Limits.Pids = 8
			if err := r.Create(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			if err := r.Start(t.Context(), spec.ID); err != nil {
				t.Fatal(err)
			}
			r.Close() // or it would see the end itself
			n.daemon.kill()
			if c.over || !c.recall {
				time.Sleep(time.Second)
			}
			between := n.open(t)
			if c.recall {
				over, err := between.Recall(t.Context(), spec.ID)
				if err != nil || over != c.over {
					t.Fatalf("over %v, %v", over, err)
				}
				if over, err := between.Recall(t.Context(), "nobody-1"); over || glovebox.KindOf(err) != glovebox.KindNotFound {
					t.Errorf("of no sandbox: over %v, %v", over, err)
				}
			}
			if !c.over && c.recall {
				time.Sleep(3 * time.Second) // it ends with containerd still away
			}
			n.startDaemon(t)
			after := n.open(t)
			exit, err := after.Wait(t.Context(), spec.ID)
			if glovebox.KindOf(err) != c.kind || err == nil && exit.Code != 3 {
				t.Errorf("exit %+v, %v", exit, err)
			}
			if err := after.Destroy(t.Context(), spec.ID); err != nil {
				t.Error(err)
			}
		})
	}
}
