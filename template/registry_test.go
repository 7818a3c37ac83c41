package template_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/store/memory"
	"glovebox/template"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

var (
	admin = glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: "uid:0", Tenant: glovebox.LocalTenant}
	at    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// shelf has one image of the local tenant.
type shelf struct{}

func (shelf) Find(_ context.Context, tenant, name string) (glovebox.Image, error) {
	switch {
	case strings.Contains(name, " "):
		return glovebox.Image{}, glovebox.Errorf(glovebox.KindInvalid, "not a name").On("containerImage")
	case tenant != glovebox.LocalTenant || name != "python":
		return glovebox.Image{}, glovebox.Errorf(glovebox.KindImageUnknown, "no image %s", name).On("containerImage")
	}
	return glovebox.Image{Tenant: tenant, Name: "docker.io/library/python:latest", Digest: digest}, nil
}

func open(store glovebox.Records) *template.Registry {
	return template.Open(store, shelf{}, func() time.Time { return at })
}

func python(name string) glovebox.WarmTemplate {
	return glovebox.WarmTemplate{Name: name, Image: "python", Interpreter: "python3", Min: 1, Max: 3}
}

func wantKind(t *testing.T, err error, kind glovebox.Kind, field string) {
	t.Helper()
	if e := glovebox.AsError(err); err == nil || e.Kind != kind || e.Field != field {
		t.Errorf("got %v, want %s on %q", err, kind, field)
	}
}

// TestLife: a template is made of the digest that the name stands for, is there
// until it is removed, and the log tells of both.
func TestLife(t *testing.T) {
	store := memory.New()
	r, ctx := open(store), t.Context()
	made, err := r.Create(ctx, admin, python("py"))
	if err != nil || made.Digest != digest || made.Image != "docker.io/library/python:latest" || made.By != "uid:0" || !made.Created.Equal(at) {
		t.Fatalf("%+v, %v", made, err)
	}
	_, err = r.Create(ctx, admin, python("py"))
	wantKind(t, err, glovebox.KindConflict, "name")
	if got, err := r.Get(ctx, glovebox.LocalTenant, "py"); err != nil || got != made {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := r.Create(ctx, admin, glovebox.WarmTemplate{Name: "any", Image: "python"}); err != nil {
		t.Error(err)
	}
	if all, err := r.List(ctx, glovebox.LocalTenant); err != nil || len(all) != 2 || all[0].Name != "any" || all[0].Max != glovebox.DefaultTemplateMax || all[1] != made {
		t.Errorf("%+v, %v", all, err)
	}
	if used, err := r.Digests(ctx); err != nil || len(used) != 1 || !used[digest] {
		t.Errorf("%v, %v", used, err)
	}
	if err := r.Remove(ctx, admin, glovebox.LocalTenant, "py"); err != nil {
		t.Error(err)
	}
	wantKind(t, r.Remove(ctx, admin, glovebox.LocalTenant, "py"), glovebox.KindNotFound, "")
	_, err = r.Get(ctx, glovebox.LocalTenant, "py")
	wantKind(t, err, glovebox.KindNotFound, "")
	events, err := store.AuditEvents(ctx, glovebox.AuditFilter{Tenant: glovebox.LocalTenant, Target: "py"})
	if err != nil || len(events) != 2 {
		t.Fatalf("%+v, %v", events, err)
	}
	if e := events[0]; e.Action != "template.create" || e.Actor != "uid:0" || !e.OK || e.Detail["digest"] != digest || e.Detail["interpreter"] != "python3" {
		t.Errorf("%+v", e)
	}
	if e := events[1]; e.Action != "template.remove" || e.Detail["digest"] != digest {
		t.Errorf("%+v", e)
	}
}

// TestRefused: what cannot be is refused with its field, and nothing is left.
func TestRefused(t *testing.T) {
	store := memory.New()
	r, ctx := open(store), t.Context()
	other := admin
	other.Tenant = "other"
	tests := map[string]struct {
		actor    glovebox.Principal
		template glovebox.WarmTemplate
		kind     glovebox.Kind
		field    string
	}{
		"name":                  {admin, python("No"), glovebox.KindInvalid, "name"},
		"no such image":         {admin, glovebox.WarmTemplate{Name: "a", Image: "ruby"}, glovebox.KindImageUnknown, "image"},
		"not an image's name":   {admin, glovebox.WarmTemplate{Name: "a", Image: "a b"}, glovebox.KindInvalid, "image"},
		"another tenant's name": {other, python("a"), glovebox.KindImageUnknown, "image"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := r.Create(ctx, tt.actor, tt.template)
			wantKind(t, err, tt.kind, tt.field)
		})
	}
	if all, err := store.ListRecords(ctx, "template", "", "", 10); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if events, err := store.AuditEvents(ctx, glovebox.AuditFilter{Tenant: glovebox.AnyTenant}); err != nil || len(events) != 0 {
		t.Errorf("%v, %v", events, err)
	}
}

// TestForeign: to another tenant a template is as one that nobody has made, but
// for its name, which is taken.
func TestForeign(t *testing.T) {
	r, ctx := open(memory.New()), t.Context()
	if _, err := r.Create(ctx, admin, python("py")); err != nil {
		t.Fatal(err)
	}
	_, err := r.Get(ctx, "other", "py")
	_, none := r.Get(ctx, "other", "nobodys")
	wantKind(t, err, glovebox.KindNotFound, "")
	if err.Error() != none.Error() {
		t.Errorf("%v, and of nobody's %v", err, none)
	}
	wantKind(t, r.Remove(ctx, admin, "other", "py"), glovebox.KindNotFound, "")
	if all, err := r.List(ctx, "other"); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := r.List(ctx, glovebox.AnyTenant); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	if err := r.Remove(ctx, admin, glovebox.AnyTenant, "py"); err != nil {
		t.Error(err)
	}
}

// TestTooMany: nodes have room for so many and no more.
func TestTooMany(t *testing.T) {
	r := open(memory.New())
	for i := range glovebox.MaxTemplates {
		if _, err := r.Create(t.Context(), admin, python("t"+string(rune('a'+i/26))+string(rune('a'+i%26)))); err != nil {
			t.Fatal(i, err)
		}
	}
	_, err := r.Create(t.Context(), admin, python("last"))
	wantKind(t, err, glovebox.KindConflict, "name")
}

// TestDamaged: a document that makes no sense is not taken for a template.
func TestDamaged(t *testing.T) {
	store := memory.New()
	for _, body := range []string{"x", `{"name":"other","image":"a","max":1}`, `{"name":"a","image":"a","max":1,"interpreter":"python3","snapshot":"s"}`} {
		if err := store.Commit(t.Context(), []glovebox.Write{{Kind: "template", Key: "a", Value: []byte(body), If: glovebox.IfAny}}); err != nil {
			t.Fatal(err)
		}
		_, err := open(store).Get(t.Context(), glovebox.AnyTenant, "a")
		wantKind(t, err, glovebox.KindUnavailable, "")
	}
}

// TestFollow: who follows is told at first, of each change here at once, of one
// elsewhere soon, and once more of what could not be taken.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		here, there := open(store), open(store)
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var told []string
		refuse := false
		var done sync.WaitGroup
		done.Go(func() {
			here.Follow(ctx, func(_ context.Context, all []glovebox.WarmTemplate) error {
				mu.Lock()
				defer mu.Unlock()
				var names []string
				for _, t := range all {
					names = append(names, t.Name)
				}
				told = append(told, strings.Join(names, " "))
				if refuse {
					return glovebox.Errorf(glovebox.KindUnavailable, "not now")
				}
				return nil
			})
		})
		want := func(after time.Duration, list ...string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if strings.Join(told, "|") != strings.Join(list, "|") {
				t.Errorf("told %q, want %q", told, list)
			}
			told = nil
		}
		want(time.Minute, "")
		if _, err := here.Create(ctx, admin, python("a")); err != nil {
			t.Fatal(err)
		}
		want(0, "a")
		if _, err := there.Create(ctx, admin, python("b")); err != nil {
			t.Fatal(err)
		}
		want(0)
		want(6*time.Second, "a b")
		mu.Lock()
		refuse = true
		mu.Unlock()
		if err := here.Remove(ctx, admin, glovebox.AnyTenant, "a"); err != nil {
			t.Fatal(err)
		}
		want(0, "b")
		mu.Lock()
		refuse = false
		mu.Unlock()
		want(11*time.Second, "b")
		cancel()
		done.Wait()
	})
}
