package fake_test

import (
	"testing"

	"glovebox"
	"glovebox/runtime/fake"
	"glovebox/runtime/runtimetest"
)

func TestConformance(t *testing.T) { conform(t, false) }

func TestConformanceParked(t *testing.T) { conform(t, true) }

func conform(t *testing.T, parked bool) {
	r := fake.New(glovebox.RuntimeGVisor, glovebox.RuntimeRunc)
	plant := func(kind string) runtimetest.Plant {
		return runtimetest.Plant{Kind: kind, Put: func(_ testing.TB, id string) {
			r.Plant(glovebox.Residue{Kind: kind, Name: "planted", Sandbox: id})
		}}
	}
	runtimetest.Run(t, runtimetest.Node{
		Runtime: glovebox.RuntimeGVisor,
		Parked:  parked,
		// There are no folders: a second process over the same memory is the
		// same value.
		Open:   func(testing.TB) runtimetest.System { return r },
		Plants: []runtimetest.Plant{plant("mount"), plant("process")},
	})
}

func TestLose(t *testing.T) {
	r := fake.New(glovebox.RuntimeRunc)
	img := runtimetest.NewImage(t)
	if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Fatal(err)
	}
	s := glovebox.SandboxSpec{ID: "x-1", Image: img.Image, Runtime: glovebox.RuntimeRunc, Args: []string{"stubborn"}}
	if err := r.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	r.Lose(s.ID)
	if _, err := r.Wait(t.Context(), s.ID); glovebox.KindOf(err) != glovebox.KindNodeLost {
		t.Errorf("Wait of a lost one: %v", err)
	}
	if err := r.Destroy(t.Context(), s.ID); err != nil {
		t.Error(err)
	}
}
