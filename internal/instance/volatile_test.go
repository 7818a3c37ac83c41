package instance

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMountVolatile(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: mounting needs root")
	}
	i := &Instance{Layout: Layout{Dir: t.TempDir()}}
	t.Cleanup(func() {
		if err := i.Unmount(); err != nil {
			t.Error(err)
		}
	})
	state := filepath.Join(i.Dir, "containerd", "state")
	if err := os.MkdirAll(filepath.Dir(state), 0o711); err != nil {
		t.Fatal(err)
	}
	// A sandbox that an earlier version keeps on the disk is not hidden.
	left := filepath.Join(i.ShimRoot(), "s", "x")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	more := filepath.Join(i.Dir, "more")
	for _, want := range []bool{true, false} {
		if mounted, err := i.MountVolatile(state, more); mounted != want || err != nil {
			t.Errorf("mounted %v, %v; want %v", mounted, err, want)
		}
	}
	if isMount(i.ShimRoot()) || !isMount(state) || !isMount(more) {
		t.Errorf("shim's folder mounted: %v, containerd's: %v, more: %v", isMount(i.ShimRoot()), isMount(state), isMount(more))
	}
	if err := os.Remove(left); err != nil {
		t.Fatal(err)
	}
	if mounted, err := i.MountVolatile(state); !mounted || err != nil || !isMount(i.ShimRoot()) {
		t.Errorf("mounted %v, %v", mounted, err)
	}
	if err := i.Unmount(); err != nil || isMount(state) {
		t.Errorf("after Unmount: %v, %v", isMount(state), err)
	}
}
