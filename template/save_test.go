package template_test

import (
	"context"
	"testing"

	"glovebox"
	"glovebox/store/memory"
	"glovebox/template"
)

// office has one job of the local tenant.
type office struct {
	job     glovebox.Job
	fail    error
	saved   []bool // whether each was ended
	unsaved []string
}

func (o *office) Job(_ context.Context, p glovebox.Principal, id string) (glovebox.Job, error) {
	if p.Tenant != o.job.Tenant || id != o.job.ID {
		return glovebox.Job{}, glovebox.Errorf(glovebox.KindNotFound, "there is no such job")
	}
	return o.job, nil
}

func (o *office) Save(_ context.Context, _ glovebox.Job, end bool) (glovebox.Snapshot, error) {
	o.saved = append(o.saved, end)
	return glovebox.Snapshot{Name: "snap-1", Bytes: 4711, Digest: digest}, o.fail
}

func (o *office) Unsave(name string) { o.unsaved = append(o.unsaved, name) }

func newOffice() *office {
	return &office{job: glovebox.Job{
		ID: "j1", Tenant: glovebox.LocalTenant, Status: glovebox.StatusRunning, Node: "local",
		Image:   glovebox.ImageRef{Name: "docker.io/library/python:latest", Digest: digest},
		Spec:    glovebox.Spec{Runtime: glovebox.RuntimeGVisor, StdinStream: true, Limits: glovebox.DefaultLimits()},
		Command: glovebox.Command{Args: []string{"x"}, User: "app"},
	}}
}

// TestCreateFrom: a template of a job says what it is of, and is found again.
func TestCreateFrom(t *testing.T) {
	store, jobs := memory.New(), newOffice()
	r, ctx := open(store).Saving(jobs), t.Context()
	made, err := r.CreateFrom(ctx, admin, glovebox.WarmTemplate{Name: "kept", Min: 1, Max: 2}, "j1", true)
	if err != nil {
		t.Fatal(err)
	}
	want := glovebox.Saved{Node: "local", Job: "j1", Bytes: 4711, Digest: digest, User: "app", Stdin: true, Limits: glovebox.DefaultLimits()}
	if made.Snapshot != "snap-1" || made.Saved != want || made.Digest != digest || made.Tenant != glovebox.LocalTenant || len(jobs.saved) != 1 || !jobs.saved[0] {
		t.Errorf("%+v, %v", made, jobs.saved)
	}
	if got, err := r.Get(ctx, glovebox.LocalTenant, "kept"); err != nil || got != made {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := r.Get(ctx, "other", "kept"); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("to another tenant: %v", err)
	}
	events, err := store.AuditEvents(ctx, glovebox.AuditFilter{Tenant: glovebox.LocalTenant, Target: "kept"})
	if err != nil || len(events) != 1 || events[0].Action != "template.create" || events[0].Detail["from"] != "j1" {
		t.Errorf("%+v, %v", events, err)
	}
	if len(jobs.unsaved) > 0 {
		t.Errorf("unsaved: %v", jobs.unsaved)
	}
}

// TestCreateFromRefused: nothing is saved of what cannot be, and what was saved
// and cannot be kept is given up.
func TestCreateFromRefused(t *testing.T) {
	other := admin
	other.Tenant = "other"
	tests := map[string]struct {
		actor  glovebox.Principal
		change func(*office)
		name   string
		kind   glovebox.Kind
		field  string
		saved  int
	}{
		"another tenant's": {other, func(*office) {}, "a", glovebox.KindNotFound, "from", 0},
		"not running":      {admin, func(o *office) { o.job.Status = glovebox.StatusCompleted }, "a", glovebox.KindConflict, "from", 0},
		"of runc":          {admin, func(o *office) { o.job.Spec.Runtime = glovebox.RuntimeRunc }, "a", glovebox.KindInvalid, "from", 0},
		"with secrets": {admin, func(o *office) {
			o.job.Spec.Policy = &glovebox.Policy{Secrets: []glovebox.SecretUse{{Name: "x", File: true}}}
		}, "a", glovebox.KindInvalid, "from", 0},
		"name":          {admin, func(*office) {}, "No", glovebox.KindInvalid, "name", 0},
		"name is taken": {admin, func(*office) {}, "py", glovebox.KindConflict, "name", 0},
		"no room": {admin, func(o *office) { o.fail = glovebox.Errorf(glovebox.KindTooLarge, "no room") }, "a",
			glovebox.KindTooLarge, "from", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			jobs := newOffice()
			tt.change(jobs)
			r := open(memory.New()).Saving(jobs)
			if _, err := r.Create(t.Context(), admin, python("py")); err != nil {
				t.Fatal(err)
			}
			_, err := r.CreateFrom(t.Context(), tt.actor, glovebox.WarmTemplate{Name: tt.name}, "j1", false)
			wantKind(t, err, tt.kind, tt.field)
			if len(jobs.saved) != tt.saved || len(jobs.unsaved) > 0 {
				t.Errorf("saved %v, unsaved %v", jobs.saved, jobs.unsaved)
			}
		})
	}
	t.Run("cannot be written down", func(t *testing.T) {
		jobs := newOffice()
		store := failing{memory.New()}
		_, err := template.Open(store, shelf{}, nil).Saving(jobs).CreateFrom(t.Context(), admin, glovebox.WarmTemplate{Name: "a"}, "j1", false)
		wantKind(t, err, glovebox.KindUnavailable, "")
		if len(jobs.unsaved) != 1 {
			t.Errorf("unsaved: %v", jobs.unsaved)
		}
	})
}

// failing takes nothing.
type failing struct{ glovebox.Records }

func (failing) Commit(context.Context, []glovebox.Write, ...glovebox.AuditEvent) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "not now")
}
