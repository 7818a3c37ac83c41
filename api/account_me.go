package api

import (
	"net/http"

	"glovebox/api/wire"
	"glovebox/identity"
)

// me says who is calling and what they may do.
func (h *handler) me(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	c := callerOf(r)
	view := wire.Me{Kind: string(c.Kind), Name: c.Name, DisplayName: c.Name, Subject: c.Subject, Tenant: c.Tenant, Role: string(c.Role)}
	switch c.Kind {
	case identity.PrincipalPerson:
		p, err := h.Identity.Person(r.Context(), c, c.Subject)
		if err != nil {
			return err
		}
		view.DisplayName = p.Name
	case identity.PrincipalWorkload:
		view.DisplayName = c.Session.Name
	}
	if c.Session.ID != "" {
		session := viewSession(c.Session, c.Session.ID)
		view.Session = &session
	}
	for _, a := range identity.Actions() {
		if !c.Allowed(a) {
			continue
		}
		view.Actions = append(view.Actions, string(a))
		if a.NeedsSignature() && c.Kind == identity.PrincipalPerson {
			view.NeedSignature = append(view.NeedSignature, string(a))
		}
	}
	return writeJSON(w, http.StatusOK, view)
}
