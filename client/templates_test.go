package client_test

import (
	"context"
	"testing"

	"glovebox"
	"glovebox/client"
)

// oneImage is what every tenant has.
type oneImage struct{}

func (oneImage) Find(_ context.Context, tenant, name string) (glovebox.Image, error) {
	return glovebox.Image{Tenant: tenant, Name: name, Digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}, nil
}

func TestTemplates(t *testing.T) {
	s := startSite(t)
	c, ctx := s.root(), t.Context()
	most := 3
	made, err := c.CreateTemplate(ctx, client.TemplateRequest{Name: "py", Image: "python:3", Interpreter: "python3", Max: &most})
	if err != nil || made.Min != 1 || made.Max != 3 || made.Digest == "" || made.Tenant != glovebox.LocalTenant {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := c.CreateTemplate(ctx, client.TemplateRequest{Name: "py", Image: "python:3"}); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("a second one: %v", err)
	}
	for _, tenant := range []string{"", glovebox.LocalTenant, glovebox.AnyTenant} {
		if all, err := c.Templates(ctx, tenant); err != nil || len(all) != 1 || all[0] != made {
			t.Errorf("of %q: %+v, %v", tenant, all, err)
		}
	}
	if got, err := c.Template(ctx, "", "py"); err != nil || got != made {
		t.Errorf("%+v, %v", got, err)
	}
	if all, err := c.Templates(ctx, "acme"); err != nil || len(all) != 0 {
		t.Errorf("another tenant's: %+v, %v", all, err)
	}
	if err := c.RemoveTemplate(ctx, "acme", "py"); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("as another tenant's: %v", err)
	}
	if err := c.RemoveTemplate(ctx, "", "py"); err != nil {
		t.Error(err)
	}
	if _, err := c.Template(ctx, "", "py"); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("removed: %v", err)
	}
}
