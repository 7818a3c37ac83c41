package api

import (
	"net/http"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
)

// hostPeople lists everybody, of all tenants.
func (h *handler) hostPeople(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	all, err := h.Identity.HostPeople(r.Context(), principal(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewPeople(all))
}

// hostLink makes the link of a first admin, or of who lost all passkeys.
func (h *handler) hostLink(w http.ResponseWriter, r *http.Request) error {
	var body wire.HostLinkRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	var l identity.Link
	var token string
	var err error
	switch purpose := identity.Purpose(body.Purpose); {
	case purpose == identity.PurposeFirstAdmin && body.Person != "":
		err = glovebox.Errorf(glovebox.KindInvalid, "the first admin is nobody yet").On("person").Try("leave it out")
	case purpose == identity.PurposeFirstAdmin:
		l, token, err = h.Identity.FirstAdmin(r.Context(), principal(r), orText(body.Tenant, glovebox.LocalTenant))
	case purpose == identity.PurposeRecover && body.Tenant != "":
		err = glovebox.Errorf(glovebox.KindInvalid, "a person has a tenant already").On("tenant").Try("leave it out")
	case purpose == identity.PurposeRecover:
		l, token, err = h.Identity.Recover(r.Context(), principal(r), body.Person)
	default:
		err = glovebox.Errorf(glovebox.KindInvalid, "%q is no purpose of a link", clip(body.Purpose)).On("purpose").Try("use first_admin or recover")
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, wire.HostLink{Link: viewLink(l), URL: h.enrolURL(token)})
}
