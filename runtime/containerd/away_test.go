package containerd_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"glovebox"
	"glovebox/runtime/runtimetest"
)

// Without containerd, Residue shows what the kernel and the folders know, and
// says what it cannot; List refuses to answer by half.
func TestDaemonAway(t *testing.T) {
	n := newNode(t, glovebox.RuntimeRunc)
	r := n.open(t)
	n.daemon.kill()
	stray := filepath.Join(n.config.Dir, "sandboxes", "stray-1")
	if err := os.Mkdir(stray, 0o700); err != nil {
		t.Fatal(err)
	}
	left, err := r.Residue(t.Context(), nil)
	if glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Errorf("Residue says %v", err)
	}
	if len(left) != 1 || left[0].Kind != "file" || left[0].Sandbox != "stray-1" {
		t.Errorf("Residue finds %v", left)
	}
	if _, err := r.List(t.Context()); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Errorf("List says %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := r.Destroy(ctx, "stray-1"); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Errorf("Destroy says %v", err)
	}
	// New works before containerd does, and a call waits for it.
	early := n.open(t)
	go func() {
		time.Sleep(200 * time.Millisecond)
		n.startDaemon(t)
	}()
	img := runtimetest.NewImage(t)
	if err := early.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Errorf("EnsureImage while containerd boots: %v", err)
	}
	if err := early.Destroy(t.Context(), "stray-1"); err != nil {
		t.Errorf("Destroy after containerd is back: %v", err)
	}
	if left, err := early.Residue(t.Context(), nil); err != nil || len(left) > 0 {
		t.Errorf("at the end: %v, %v", left, err)
	}
}

// Two nodes on one machine do not see each other's sandboxes.
func TestTwoNodes(t *testing.T) {
	a, b := newNode(t, glovebox.RuntimeRunc), newNode(t, glovebox.RuntimeRunc)
	ra, rb := a.open(t), b.open(t)
	img := runtimetest.NewImage(t)
	spec := glovebox.SandboxSpec{
		ID: "same-1", Image: img.Image, Runtime: glovebox.RuntimeRunc, Args: []string{"/bin/sleep", "30"},
		Limits: glovebox.MinLimits(),
	}
	spec.Limits.Pids = 8
	for _, r := range []runtimetest.System{ra, rb} {
		if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
			t.Fatal(err)
		}
	}
	if err := ra.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if err := ra.Start(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if left, err := rb.Residue(t.Context(), nil); err != nil || len(left) > 0 {
		t.Errorf("b sees of a: %v, %v", left, err)
	}
	if err := rb.Destroy(t.Context(), spec.ID); err != nil {
		t.Error(err)
	}
	if found, err := ra.List(t.Context()); err != nil || len(found) != 1 || !found[0].Started {
		t.Errorf("after b destroyed the same id, a has %v, %v", found, err)
	}
	if err := ra.Signal(t.Context(), spec.ID, 9); err != nil {
		t.Error(err)
	}
	if exit, err := ra.Wait(t.Context(), spec.ID); err != nil || exit.Signal != 9 {
		t.Errorf("exit %+v, %v", exit, err)
	}
	if err := ra.Destroy(t.Context(), spec.ID); err != nil {
		t.Error(err)
	}
}
