package orchestrator_test

import (
	"context"
	"slices"
	"testing"

	"glovebox"
)

// rack has one template with a snapshot, of tenant "mine", and one without.
type rack struct{}

func (rack) Template(_ context.Context, tenant, name string) (glovebox.WarmTemplate, glovebox.Image, error) {
	t := glovebox.WarmTemplate{Name: name, Image: "here", Digest: "sha256:then", Tenant: "mine"}
	img := glovebox.Image{Name: "here", Digest: t.Digest, Defaults: glovebox.Defaults{Env: []string{"FROM=then"}}}
	switch {
	case tenant != "mine" || name != "kept" && name != "plain":
		return glovebox.WarmTemplate{}, glovebox.Image{}, glovebox.Errorf(glovebox.KindNotFound, "there is no such template")
	case name == "kept":
		t.Snapshot = "snap-1"
		t.Saved = glovebox.Saved{Node: "elsewhere", User: "app", Limits: glovebox.DefaultLimits()}
		t.Saved.Limits.Memory, t.Saved.Limits.Disk = 128<<20, 2<<20
	}
	return t, img, nil
}

// TestGoesOnFromTemplate: a job that names a template has what was saved with it, goes to
// the node that has the snapshot, and nowhere else.
func TestGoesOnFromTemplate(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.config.Templates = rack{}
		r.start()
		for name, cmd := range map[string][]string{"told": {"echo", "x"}, "nothing": nil} {
			job := r.submitAsIs("mine", glovebox.Spec{Template: "kept", Cmd: cmd, Env: map[string]string{"A": "1"}})
			want := cmd
			if want == nil {
				want = []string{"kept"}
			}
			c, l := job.Command, job.Spec.Limits
			if c.Snapshot != "snap-1" || c.Node != "elsewhere" || c.User != "app" || !slices.Equal(c.Args, want) || !slices.Contains(c.Env, "FROM=then") {
				t.Errorf("%s: %+v", name, c)
			}
			if job.Image.Digest != "sha256:then" || l.Memory != 128<<20 || l.Disk != 2<<20 {
				t.Errorf("%s: %+v, %+v", name, job.Image, l)
			}
			if job.Status != glovebox.StatusPending {
				t.Errorf("%s: placed on %s, which does not have it", name, job.Node)
			}
			if _, err := r.Cancel(context.Background(), of("mine"), job.ID); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestTemplateRefused: what a job cannot have of a template, and whose it is not.
func TestTemplateRefused(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.config.Templates = rack{}
		r.start()
		tests := map[string]struct {
			tenant string
			spec   glovebox.Spec
			kind   glovebox.Kind
			field  string
		}{
			"another tenant's": {"other", glovebox.Spec{Template: "kept"}, glovebox.KindNotFound, "template"},
			"nobody's":         {"mine", glovebox.Spec{Template: "none"}, glovebox.KindNotFound, "template"},
			"no snapshot":      {"mine", glovebox.Spec{Template: "plain"}, glovebox.KindInvalid, "template"},
			"another image":    {"mine", glovebox.Spec{Template: "kept", Image: "there"}, glovebox.KindInvalid, "containerImage"},
			"another user":     {"mine", glovebox.Spec{Template: "kept", User: "root"}, glovebox.KindInvalid, "user"},
			"disk":             {"mine", glovebox.Spec{Template: "kept", Limits: glovebox.Limits{Disk: 4 << 20}}, glovebox.KindInvalid, "limits.disk"},
			"files":            {"mine", glovebox.Spec{Template: "kept", Limits: glovebox.Limits{Files: 17}}, glovebox.KindInvalid, "limits.files"},
			"stdin":            {"mine", glovebox.Spec{Template: "kept", Stdin: []byte("x")}, glovebox.KindInvalid, "stdin"},
			"runtime":          {"mine", glovebox.Spec{Template: "kept", Runtime: glovebox.RuntimeRunc}, glovebox.KindInvalid, "runtime"},
		}
		for name, tt := range tests {
			_, _, err := r.Submit(context.Background(), of(tt.tenant), tt.spec, nil)
			if e := glovebox.AsError(err); err == nil || e.Kind != tt.kind || e.Field != tt.field {
				t.Errorf("%s: %v, want %s on %q", name, err, tt.kind, tt.field)
			}
		}
	})
}

// submitAsIs submits a spec as it is.
func (r *rig) submitAsIs(tenant string, s glovebox.Spec) glovebox.Job {
	r.t.Helper()
	job, _, err := r.Submit(context.Background(), of(tenant), s, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return job
}
