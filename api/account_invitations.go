package api

import (
	"net/http"

	"glovebox/api/wire"
	"glovebox/identity"
)

// invitations lists those that are open.
func (h *handler) invitations(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	all, err := h.Identity.Invitations(r.Context(), callerOf(r))
	if err != nil {
		return err
	}
	view := wire.InvitationList{}
	for _, l := range all {
		view.Invitations = append(view.Invitations, viewLink(l))
	}
	return writeJSON(w, http.StatusOK, view)
}

// invite makes a link with which somebody joins the caller's tenant.
func (h *handler) invite(w http.ResponseWriter, r *http.Request) error {
	var body wire.InviteRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	role := identity.Role(body.Role)
	signed, err := h.signed(r, body.Signature, identity.InviteOperation(body.Name, role))
	if err != nil {
		return err
	}
	l, token, err := h.Identity.Invite(r.Context(), callerOf(r), body.Name, role, signed)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, wire.Invited{Invitation: viewLink(l), URL: h.enrolURL(token)})
}

// revoke makes an invitation worthless.
func (h *handler) revoke(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	if err := h.Identity.Revoke(r.Context(), callerOf(r), r.PathValue("id")); err != nil {
		return err
	}
	return done(w)
}
