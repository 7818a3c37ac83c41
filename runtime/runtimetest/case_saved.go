package runtimetest

import (
	"context"
	"testing"

	"glovebox"
)

// saver is a parker that can write sandboxes down.
type saver interface {
	parker
	glovebox.Saver
}

// saving: sandboxes that were written down, and go on in others.
func (p parkingSuite) saving(t *testing.T) {
	sys, ok := p.sys.(saver)
	if !ok {
		return
	}
	s := savingSuite{p, sys}
	p.check(t, "saved/goes on", s.goesOn)
	p.check(t, "saved/of one tenant", s.ofOneTenant)
	p.check(t, "saved/refused", s.refused)
	p.check(t, "saved/ended", s.ended)
}

type savingSuite struct {
	parkingSuite
	sys saver
}

// remove removes what was saved.
func (s savingSuite) remove(t *testing.T, template glovebox.Template) {
	t.Helper()
	if err := s.sys.RemoveSnapshot(context.WithoutCancel(t.Context()), template.Snapshot); err != nil {
		t.Errorf("RemoveSnapshot: %v", err)
	}
}

// snapshot saves a job that runs.
func (s savingSuite) snapshot(t *testing.T, j *job, end bool) glovebox.Template {
	t.Helper()
	name := "snap-" + parkedID()
	made, err := s.sys.Save(j.ctx, j.spec.ID, name, end)
	if err != nil {
		t.Fatalf("Save: %v", err)
	}
	if made.Name != name || made.Tenant != j.spec.Tenant || made.Image != j.spec.Image.Digest || made.Bytes <= 0 || made.Digest == "" || made.Taken.IsZero() {
		t.Errorf("%+v", made)
	}
	again, err := s.sys.Save(j.ctx, j.spec.ID, name, false)
	if err != nil || again.Digest != made.Digest {
		t.Errorf("again: %+v, %v", again, err)
	}
	all, err := s.sys.Snapshots(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != name || all[0].Digest != made.Digest {
		t.Errorf("Snapshots: %+v, %v", all, err)
	}
	return glovebox.Template{Name: "saved", Image: j.spec.Image, Snapshot: name, Tenant: j.spec.Tenant}
}

// polite is a job that runs and has said so.
func (s savingSuite) polite(t *testing.T) *job {
	t.Helper()
	return s.newJob(t, s.spec("polite"), nil).start().ready()
}

func (s savingSuite) goesOn(t *testing.T) {
	j := s.polite(t)
	template := s.snapshot(t, j, false)
	defer s.remove(t, template)
	if err := s.sys.Signal(j.ctx, j.spec.ID, 15); err != nil {
		t.Error(err)
	}
	if exit := j.wait(); exit.Code != 3 {
		t.Errorf("the job that was saved did not go on: %+v", exit)
	}
	j.drain()
	j.destroy()
	for range 2 {
		again := s.jobFor(t, s.park(t, template), "polite")
		again.spec.Snapshot = template.Snapshot
		again.start()
		if err := s.sys.Signal(again.ctx, again.spec.ID, 15); err != nil {
			t.Error(err)
		}
		again.wait()
		again.drain()
		again.destroy()
	}
	for range 2 {
		if err := s.sys.RemoveSnapshot(t.Context(), template.Snapshot); err != nil {
			t.Error(err)
		}
	}
	s.nameless(t, template.Snapshot)
	err := s.sys.Park(t.Context(), parkedID(), template)
	wantKind(t, err, glovebox.KindNotFound)
}

// ofOneTenant: what was saved is for jobs of its tenant that ask for it alone.
func (s savingSuite) ofOneTenant(t *testing.T) {
	j := s.polite(t)
	template := s.snapshot(t, j, true)
	defer s.remove(t, template)
	j.wait()
	j.drain()
	j.destroy()
	for _, tenant := range []string{"other", ""} {
		foreign := template
		foreign.Tenant = tenant
		wantKind(t, s.sys.Park(t.Context(), parkedID(), foreign), glovebox.KindDenied)
	}
	for name, tt := range map[string]struct {
		change func(*glovebox.SandboxSpec)
		kind   glovebox.Kind
	}{
		"another tenant's": {func(x *glovebox.SandboxSpec) { x.Tenant = "other" }, glovebox.KindDenied},
		"not asked for":    {func(x *glovebox.SandboxSpec) { x.Snapshot = "" }, glovebox.KindInvalid},
		"another snapshot": {func(x *glovebox.SandboxSpec) { x.Snapshot = "snap-x" }, glovebox.KindInvalid},
	} {
		id := s.park(t, template)
		again := s.jobFor(t, id, "polite")
		again.spec.Snapshot = template.Snapshot
		tt.change(&again.spec)
		if err := s.sys.Create(again.ctx, again.spec); glovebox.KindOf(err) != tt.kind {
			t.Errorf("%s: %v, want %s", name, err, tt.kind)
		}
		s.nameless(t, again.spec.ID)
		s.nameless(t, id)
	}
	// What the job names as its command never runs in place of what was saved.
	for _, parked := range []string{"", s.park(t, generic)} {
		again := s.jobFor(t, parked, "polite")
		again.spec.Snapshot = template.Snapshot
		if err := s.sys.Create(again.ctx, again.spec); err == nil {
			t.Errorf("a job of a snapshot was made of parked sandbox %q", parked)
		}
	}
}

func (s savingSuite) refused(t *testing.T) {
	_, err := s.sys.Save(t.Context(), "nobody-1", "snap-a", false)
	wantKind(t, err, glovebox.KindNotFound)
	j := s.newJob(t, s.spec("polite"), nil)
	if err := s.sys.Create(j.ctx, j.spec); err != nil {
		t.Fatal(err)
	}
	_, err = s.sys.Save(j.ctx, j.spec.ID, "snap-a", false)
	wantKind(t, err, glovebox.KindConflict)
	_, err = s.sys.Save(j.ctx, j.spec.ID, "../a", false)
	wantKind(t, err, glovebox.KindInvalid)
	if all, err := s.sys.Snapshots(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("left: %v, %v", all, err)
	}
	j.destroy()
}

// ended: a job that is saved to its end does nothing after it.
func (s savingSuite) ended(t *testing.T) {
	j := s.polite(t)
	defer s.remove(t, s.snapshot(t, j, true))
	if exit := j.wait(); exit.Code != 137 {
		t.Errorf("exit %+v", exit)
	}
	j.drain()
	j.destroy()
	if j.stdout() != "ready\n" {
		t.Errorf("stdout %q", j.stdout())
	}
}
