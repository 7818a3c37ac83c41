package runtimetest

import (
	"context"
	"strings"
	"testing"

	"glovebox"
)

// parking: sandboxes that are there before their job. What a job sees of it is
// for the other cases, which run with Node.Parked; here is what is not a job's.
func (s suite) parking(t *testing.T) {
	sys, ok := s.sys.(parker)
	if !ok || s.n.Parked || s.n.Runtime != glovebox.RuntimeGVisor {
		return
	}
	p := parkingSuite{s, sys}
	p.ends(t)
	p.refused(t)
	p.races(t)
	p.crashes(t)
	p.saving(t)
	p.collecting(t)
}

type parkingSuite struct {
	suite
	sys parker
}

var generic = glovebox.Template{Name: glovebox.PoolGeneric}

// park makes one and destroys what is left of it with the test.
func (p parkingSuite) park(t testing.TB, template glovebox.Template) string {
	t.Helper()
	id := parkedID()
	if err := p.sys.Park(t.Context(), id, template); err != nil {
		t.Fatalf("Park: %v", err)
	}
	t.Cleanup(func() {
		if err := p.sys.Destroy(context.Background(), id); err != nil {
			t.Errorf("Destroy of the parked sandbox at the end: %v", err)
		}
	})
	return id
}

// jobFor is a job for that sandbox.
func (p parkingSuite) jobFor(t testing.TB, parked string, args ...string) *job {
	t.Helper()
	spec := p.spec(args...)
	spec.Parked = parked
	return p.newJob(t, spec, nil)
}

// nameless says whether nothing answers to an id.
func (p parkingSuite) nameless(t testing.TB, id string) {
	t.Helper()
	found, err := p.sys.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.ID == id {
			t.Errorf("List names %s", id)
		}
	}
	left, err := p.sys.Residue(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range left {
		if x.Sandbox == id || x.Sandbox == "" {
			t.Errorf("residue %v", x)
		}
	}
}

// ends: a parked sandbox is destroyed, or claimed.
func (p parkingSuite) ends(t *testing.T) {
	p.check(t, "parked/destroyed", func(t *testing.T) {
		id := p.park(t, generic)
		p.wantFound(t, id, false)
		left, err := p.sys.Residue(t.Context(), map[string]bool{id: true})
		if err != nil || len(left) > 0 {
			t.Errorf("one that is live is called residue: %v, %v", left, err)
		}
		if left, err = p.sys.Residue(t.Context(), nil); err != nil || len(left) == 0 {
			t.Errorf("nobody's is not called residue: %v, %v", left, err)
		}
		wantKind(t, p.sys.Start(t.Context(), id), glovebox.KindNotFound)
		_, err = p.sys.Wait(t.Context(), id)
		wantKind(t, err, glovebox.KindNotFound)
		wantKind(t, p.sys.Signal(t.Context(), id, 15), glovebox.KindNotFound)
		for range 2 {
			if err := p.sys.Destroy(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
		p.nameless(t, id)
	})
	p.check(t, "parked/claimed", func(t *testing.T) {
		id := p.park(t, generic)
		j := p.jobFor(t, id, "polite")
		if err := p.sys.Create(j.ctx, j.spec); err != nil {
			t.Fatal(err)
		}
		p.wantFound(t, j.spec.ID, false)
		p.nameless(t, id)
		if err := p.sys.Start(j.ctx, j.spec.ID); err != nil {
			t.Fatal(err)
		}
		j.ready()
		p.wantFound(t, j.spec.ID, true)
		p.nameless(t, id)
		left, err := p.sys.Residue(t.Context(), map[string]bool{j.spec.ID: true})
		if err != nil || len(left) > 0 {
			t.Errorf("what is the sandbox's is called residue: %v, %v", left, err)
		}
		// Its first name means nothing any more, and least of all its end.
		if err := p.sys.Destroy(t.Context(), id); err != nil {
			t.Error(err)
		}
		wantKind(t, p.sys.Start(t.Context(), id), glovebox.KindNotFound)
		if err := p.sys.Signal(j.ctx, j.spec.ID, 15); err != nil {
			t.Error(err)
		}
		if exit := j.wait(); exit.Code != 3 || exit.Limit != "" {
			t.Errorf("exit %+v", exit)
		}
		j.drain()
		j.destroy()
		if j.stdout() != "ready\nbye\n" {
			t.Errorf("stdout %q", j.stdout())
		}
	})
	p.check(t, "parked/for an image", p.forImage)
}

// forImage: a template's image is in use, and is the only one it takes.
func (p parkingSuite) forImage(t *testing.T) {
	template := glovebox.Template{Name: "suite", Image: p.img.Image}
	id := p.park(t, template)
	wantKind(t, p.sys.RemoveImage(t.Context(), p.img.Digest), glovebox.KindConflict)
	j := p.jobFor(t, id, "echo", "hi").start()
	if exit := j.wait(); exit.Code != 0 {
		t.Errorf("exit %+v", exit)
	}
	j.drain()
	if j.stdout() != "hi\n" {
		t.Errorf("stdout %q", j.stdout())
	}
	wantKind(t, p.sys.RemoveImage(t.Context(), p.img.Digest), glovebox.KindConflict)
	j.destroy()

	other := NewImage(t, []File{{Name: "other", Mode: 0o644, Body: "x"}})
	if err := p.sys.EnsureImage(t.Context(), other.Image, other.Fetch); err != nil {
		t.Fatal(err)
	}
	id = p.park(t, template)
	j = p.jobFor(t, id, "echo", "hi")
	j.spec.Image = other.Image
	wantKind(t, p.sys.Create(j.ctx, j.spec), glovebox.KindInvalid)
	p.nameless(t, id)
	if err := p.sys.RemoveImage(t.Context(), other.Digest); err != nil {
		t.Error(err)
	}
	template.Image.Digest = "sha256:" + strings.Repeat("0", 64)
	wantKind(t, p.sys.Park(t.Context(), parkedID(), template), glovebox.KindImageInvalid)
}
