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
	// CreateFrom makes a template of a running job of the actor's tenant. It may
	// take as long as writing down what that has in memory. KindNotFound,
	// KindInvalid and KindConflict on "from", KindConflict on "name",
	// KindTooLarge, KindUnavailable.
	CreateFrom(ctx context.Context, actor glovebox.Principal, t glovebox.WarmTemplate, from string, end bool) (glovebox.WarmTemplate, error)
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
	t, err := h.makeTemplate(r, t, body)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/templates/"+t.Name)
	return writeJSON(w, http.StatusCreated, viewTemplate(t))
}

// makeTemplate makes it of an image or of a job, whichever is named.
func (h *handler) makeTemplate(r *http.Request, t glovebox.WarmTemplate, body wire.TemplateRequest) (glovebox.WarmTemplate, error) {
	switch {
	case body.From == "" && body.End:
		return t, glovebox.Errorf(glovebox.KindInvalid, "there is no job to end").On("end").Try("name it in from")
	case body.From == "":
		return h.Templates.Create(r.Context(), principal(r), t)
	case body.Image != "":
		return t, glovebox.Errorf(glovebox.KindInvalid, "both a job and an image").On("from").Try("leave one of them out")
	case !plainID(body.From):
		return t, glovebox.Errorf(glovebox.KindNotFound, "there is no such job").On("from")
	}
	return h.Templates.CreateFrom(r.Context(), principal(r), t, body.From, body.End)
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
	view := wire.Template{
		Name: t.Name, Image: t.Image, Digest: t.Digest, Interpreter: t.Interpreter, Min: t.Min, Max: t.Max,
		Tenant: t.Tenant, CreatedBy: t.By, CreatedAt: t.Created,
	}
	if s := t.Saved; t.Snapshot != "" {
		view.Snapshot = wire.Snapshot{Name: t.Snapshot, Job: s.Job, Node: s.Node, Bytes: s.Bytes, Digest: s.Digest, Stdin: s.Stdin, User: s.User, Limits: wire.Limits(s.Limits)}
	}
	return view
}
