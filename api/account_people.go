package api

import (
	"net/http"

	"glovebox/api/wire"
	"glovebox/identity"
)

// people lists the caller's tenant.
func (h *handler) people(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	all, err := h.Identity.People(r.Context(), callerOf(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewPeople(all))
}

// person reads one: oneself, or a colleague for who may.
func (h *handler) person(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	p, err := h.Identity.Person(r.Context(), callerOf(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewPerson(p))
}

// setRole changes somebody's role.
func (h *handler) setRole(w http.ResponseWriter, r *http.Request) error {
	var body wire.RoleRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	id, role := r.PathValue("id"), identity.Role(body.Role)
	signed, err := h.signed(r, body.Signature, identity.RoleOperation(id, role))
	if err != nil {
		return err
	}
	if err := h.Identity.SetRole(r.Context(), callerOf(r), id, role, signed); err != nil {
		return err
	}
	return done(w)
}

// disable keeps somebody out.
func (h *handler) disable(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	return h.signedCall(w, r, identity.DisableOperation(id), func(c identity.Caller, signed *identity.SignedOperation) error {
		return h.Identity.Disable(r.Context(), c, id, signed)
	})
}

// enable lets somebody in again.
func (h *handler) enable(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	return h.signedCall(w, r, identity.EnableOperation(id), func(c identity.Caller, signed *identity.SignedOperation) error {
		return h.Identity.Enable(r.Context(), c, id, signed)
	})
}

// signedCall does what needs a signature and nothing else.
func (h *handler) signedCall(w http.ResponseWriter, r *http.Request, o identity.Operation, act func(identity.Caller, *identity.SignedOperation) error) error {
	var body wire.SignedRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	signed, err := h.signed(r, body.Signature, o)
	if err != nil {
		return err
	}
	if err := act(callerOf(r), signed); err != nil {
		return err
	}
	return done(w)
}
