package containerd_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"glovebox"
	"glovebox/runtime/runtimetest"
)

// TestSnapshotBounds: a node keeps so many snapshots, and so many bytes of them;
// what is too much leaves nothing, and what was cut short is told from a whole one.
func TestSnapshotBounds(t *testing.T) {
	n := newNode(t, glovebox.RuntimeGVisor)
	n.config.Snapshots = 2
	r := n.open(t)
	img := runtimetest.NewImage(t)
	if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Fatal(err)
	}
	s := glovebox.SandboxSpec{
		ID: "saved-1", Tenant: "t", Image: img.Image, Runtime: glovebox.RuntimeGVisor, Args: []string{"/bin/sleep", "60"},
		Limits: glovebox.DefaultLimits(),
	}
	if err := r.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Destroy(t.Context(), s.ID); err != nil {
			t.Error(err)
		}
	}()
	if err := r.Start(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"snap-a", "snap-b"} {
		if _, err := r.Save(t.Context(), s.ID, name, false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Save(t.Context(), s.ID, "snap-c", false); glovebox.KindOf(err) != glovebox.KindTooLarge {
		t.Errorf("one too many: %v", err)
	}
	n.config.Snapshots, n.config.SnapshotBytes = 9, 1<<20
	small := n.open(t)
	if _, err := small.Save(t.Context(), s.ID, "snap-d", false); glovebox.KindOf(err) != glovebox.KindTooLarge {
		t.Errorf("too many bytes: %v", err)
	}
	// As an agent leaves it that dies.
	half := filepath.Join(n.config.Dir, "snapshots", ".snap-e", "state")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	all, err := r.Snapshots(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, snap := range all {
		if whole := snap.Name != "snap-e"; (snap.Digest != "") != whole || whole && time.Since(snap.Taken) > time.Minute {
			t.Errorf("%+v", snap)
		}
	}
	err = r.Park(t.Context(), "pool-half-1", glovebox.Template{Name: "x", Image: img.Image, Snapshot: "snap-e", Tenant: "t"})
	if glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("half of one was restored: %v", err)
	}
	left, err := r.Residue(t.Context(), map[string]bool{s.ID: true, "snap-a": true})
	if err != nil || len(left) != 2 {
		t.Errorf("residue %v, %v", left, err)
	}
	for _, name := range []string{"snap-a", "snap-b", "snap-e"} {
		if err := r.RemoveSnapshot(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	if all, err := r.Snapshots(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("left: %v, %v", all, err)
	}
}
