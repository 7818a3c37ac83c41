package containerd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glovebox"
	"glovebox/runtime/containerd"
	"glovebox/runtime/runtimetest"
)

// TestParkedGivesWay: while it waits a sandbox has the least weight on the CPU
// that there is, and at work that of any other, and its own limits.
func TestParkedGivesWay(t *testing.T) {
	n := newNode(t, glovebox.RuntimeGVisor)
	r := n.open(t)
	img := runtimetest.NewImage(t)
	if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Fatal(err)
	}
	s := glovebox.SandboxSpec{
		ID: "works-1", Parked: "pool-waits-1", Image: img.Image, Runtime: glovebox.RuntimeGVisor,
		Args: []string{"/bin/sleep", "60"}, Limits: glovebox.DefaultLimits(),
	}
	cold := s
	cold.ID, cold.Parked = "cold-1", ""
	if err := r.Park(t.Context(), s.Parked, glovebox.Template{Name: glovebox.PoolGeneric}); err != nil {
		t.Fatal(err)
	}
	waits := weight(t, n, s.Parked)
	if waits != "2" && waits != "1" { // v1, v2
		t.Errorf("the weight of one that waits is %s", waits)
	}
	for _, x := range []glovebox.SandboxSpec{s, cold} {
		if err := r.Create(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		if err := r.Start(t.Context(), x.ID); err != nil {
			t.Fatal(err)
		}
	}
	if claimed, cold := weight(t, n, s.Parked), weight(t, n, cold.ID); claimed != cold || claimed == waits {
		t.Errorf("the weight of a claimed one is %s, of a cold one %s", claimed, cold)
	}
	for _, file := range []string{"memory/%/memory.limit_in_bytes", "cpu/%/cpu.cfs_quota_us", "pids/%/pids.max",
		"%/memory.max", "%/cpu.max", "%/pids.max"} {
		claimed, ok := setting(n, s.Parked, file)
		if cold, _ := setting(n, cold.ID, file); ok && claimed != cold {
			t.Errorf("%s of a claimed one is %s, of a cold one %s", file, claimed, cold)
		}
	}
	for _, id := range []string{s.ID, cold.ID} {
		if err := r.Destroy(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}

// weight is that of a container's control group.
func weight(t *testing.T, n *node, container string) string {
	t.Helper()
	for _, file := range []string{"cpu/%/cpu.shares", "%/cpu.weight"} {
		if w, ok := setting(n, container, file); ok {
			return w
		}
	}
	t.Fatal("no weight on the CPU is to be found")
	return ""
}

// setting reads a file of a container's control group, which stands as % in its
// name, where this machine has it.
func setting(n *node, container, file string) (string, bool) {
	group := strings.TrimPrefix(containerd.Group(n.config.Instance, container), "/")
	b, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", strings.Replace(file, "%", group, 1)))
	return strings.TrimSpace(string(b)), err == nil
}
