package containerd_test

import (
	"slices"
	"testing"

	"glovebox"
	"glovebox/runtime/containerd"
	"glovebox/runtime/runtimetest"
)

// TestClaimCrash: wherever a claim stops, the next process finds everything
// under the id of the job's sandbox, takes it for not started, and Destroy
// leaves nothing.
func TestClaimCrash(t *testing.T) {
	n := newNode(t, glovebox.RuntimeGVisor)
	first := n.open(t)
	img := runtimetest.NewImage(t)
	if err := first.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Fatal(err)
	}
	for name, step := range containerd.ClaimSteps {
		t.Run(name, func(t *testing.T) {
			s := glovebox.SandboxSpec{
				ID: "crash-1", Parked: "pool-crash-1", Image: img.Image, Runtime: glovebox.RuntimeGVisor,
				Args: []string{"/bin/true"}, Limits: glovebox.DefaultLimits(),
			}
			if err := first.Park(t.Context(), s.Parked, glovebox.Template{Name: glovebox.PoolGeneric}); err != nil {
				t.Fatal(err)
			}
			if err := step(t.Context(), first, s); err != nil {
				t.Fatal(err)
			}
			if got := containerd.SandboxOf(n.config.Dir, s.Parked); got != s.ID {
				t.Errorf("the container is said to be of %s", got)
			}
			r := n.open(t)
			found, err := r.List(t.Context())
			if want := []glovebox.Found{{ID: s.ID}}; err != nil || !slices.Equal(found, want) {
				t.Errorf("List: %v, %v, want %v", found, err, want)
			}
			left, err := r.Residue(t.Context(), nil)
			kinds := map[string]bool{}
			for _, x := range left {
				kinds[x.Kind] = true
				if x.Sandbox != s.ID {
					t.Errorf("it is not known whose this is: %+v", x)
				}
			}
			for _, kind := range []string{"process", "cgroup", "container", "file"} {
				if !kinds[kind] {
					t.Errorf("no %s is found: %v, %v", kind, left, err)
				}
			}
			if err := r.Destroy(t.Context(), s.Parked); err != nil {
				t.Error(err)
			}
			if found, _ := r.List(t.Context()); len(found) != 1 {
				t.Errorf("by its first name, it was destroyed: %v", found)
			}
			if err := r.Destroy(t.Context(), s.ID); err != nil {
				t.Error(err)
			}
			if left, err := r.Residue(t.Context(), nil); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}
