package api

import (
	"context"
	"net/http"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
)

// Templates keeps what sandboxes are parked for. *template.Registry is one.
// Where a tenant is named, AnyTenant stands for all, and what another has made
// is KindNotFound.
type Templates interface {
	// Create makes a template of an image that the actor's tenant has, and
	// leaves an audit event. KindInvalid on "name", "image", "interpreter",
	// "min" or "max"; KindImageUnknown; KindConflict on "name".
	Create(ctx context.Context, actor glovebox.Principal, t glovebox.WarmTemplate) (glovebox.WarmTemplate, error)
	// Get returns a template.
	Get(ctx context.Context, tenant, name string) (glovebox.WarmTemplate, error)
	// List returns all by name; they are few.
	List(ctx context.Context, tenant string) ([]glovebox.WarmTemplate, error)
	// Remove takes one away and leaves an audit event.
	Remove(ctx context.Context, actor glovebox.Principal, tenant, name string) error
}

func (h *handler) createTemplate(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	var body wire.TemplateRequest
	if err := decode(w, r, &body); err != nil {
		return err
	}
	t := glovebox.WarmTemplate{Name: body.Name, Image: body.Image, Interpreter: body.Interpreter, Min: 1}
	if body.Min != nil {
		t.Min = *body.Min
	}
	if body.Max != nil {
		if t.Max = *body.Max; t.Max < 1 { // 0 stands for the default elsewhere
			return glovebox.Errorf(glovebox.KindInvalid, "at most %d sandboxes", t.Max).On("max").Try("use 1 or more, or remove the template")
		}
		if body.Min == nil {
			t.Min = min(t.Min, t.Max)
		}
	}
	t, err := h.Templates.Create(r.Context(), principal(r), t)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/templates/"+t.Name)
	return writeJSON(w, http.StatusCreated, viewTemplate(t))
}

func (h *handler) templates(w http.ResponseWriter, r *http.Request) error {
	tenant, err := h.templatesOf(r)
	if err != nil {
		return err
	}
	all, err := h.Templates.List(r.Context(), tenant)
	if err != nil {
		return err
	}
	list := wire.TemplateList{Templates: make([]wire.Template, len(all))}
	for i, t := range all {
		list.Templates[i] = viewTemplate(t)
	}
	return writeJSON(w, http.StatusOK, list)
}

func (h *handler) template(w http.ResponseWriter, r *http.Request) error {
	tenant, err := h.templatesOf(r)
	if err != nil {
		return err
	}
	t, err := h.Templates.Get(r.Context(), tenant, r.PathValue("name"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewTemplate(t))
}

func (h *handler) removeTemplate(w http.ResponseWriter, r *http.Request) error {
	tenant, err := h.templatesOf(r)
	if err == nil {
		err = wantNoBody(w, r)
	}
	if err == nil {
		err = h.Templates.Remove(r.Context(), principal(r), tenant, r.PathValue("name"))
	}
	if err != nil {
		return err
	}
	return done(w)
}

// templatesOf is the tenant whose templates a request is about: the caller's,
// unless root of the machine names another.
func (h *handler) templatesOf(r *http.Request) (string, error) {
	q := params(r, []string{"tenant"})
	own, named := principal(r).Tenant, q.text("tenant")
	if named != "" && named != glovebox.AnyTenant && !isTenant(named) {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "not a tenant's id").On("tenant"))
	}
	name := r.PathValue("name")
	switch err := q.err(); {
	case err != nil:
		return "", err
	case name != "" && (!plainID(name) || len(name) > 63): // no key of a document may be longer
		return "", glovebox.Errorf(glovebox.KindNotFound, "there is no such template")
	case named == "" || named == own:
		return own, nil
	}
	return named, h.Allow(r.Context(), callerOf(r), identity.ActionQuotaChange, named)
}

func viewTemplate(t glovebox.WarmTemplate) wire.Template {
	return wire.Template{
		Name: t.Name, Image: t.Image, Digest: t.Digest, Interpreter: t.Interpreter, Min: t.Min, Max: t.Max,
		Tenant: t.Tenant, CreatedBy: t.By, CreatedAt: t.Created,
	}
}
