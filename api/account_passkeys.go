package api

import (
	"net/http"

	"glovebox/api/wire"
	"glovebox/identity"
)

// passkeys lists the caller's own. Who is no person has none.
func (h *handler) passkeys(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	c, view := callerOf(r), wire.PasskeyList{}
	if c.Kind != identity.PrincipalPerson {
		return writeJSON(w, http.StatusOK, view)
	}
	all, err := h.Identity.Passkeys(r.Context(), c)
	if err != nil {
		return err
	}
	for _, k := range all {
		view.Passkeys = append(view.Passkeys, viewPasskey(k))
	}
	return writeJSON(w, http.StatusOK, view)
}

// beginPasskey challenges the caller to make another passkey.
func (h *handler) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	var body wire.AddPasskeyRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	signed, err := h.signed(r, body.Signature, identity.RegisterOperation(body.Name))
	if err != nil {
		return err
	}
	id, options, err := h.Identity.BeginRegister(r.Context(), callerOf(r), body.Name, signed)
	if err != nil {
		return err
	}
	return challenged(w, id, options.Response)
}

// finishPasskey adds the passkey. A recovery session is over then.
func (h *handler) finishPasskey(w http.ResponseWriter, r *http.Request) error {
	var body wire.Answer
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	c := callerOf(r)
	k, err := h.Identity.FinishRegister(r.Context(), c, body.ID, body.Response)
	if err != nil {
		return err
	}
	if c.Session.Kind == identity.SessionRecovery {
		forget(w)
	}
	return writeJSON(w, http.StatusCreated, viewPasskey(k))
}

// renamePasskey calls one of the caller's something else.
func (h *handler) renamePasskey(w http.ResponseWriter, r *http.Request) error {
	var body wire.RenameRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	if err := h.Identity.RenamePasskey(r.Context(), callerOf(r), r.PathValue("id"), body.Name); err != nil {
		return err
	}
	return done(w)
}

// removePasskey removes one of the caller's, and the sessions it opened.
func (h *handler) removePasskey(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	return h.signedCall(w, r, identity.RemoveOperation(id), func(c identity.Caller, signed *identity.SignedOperation) error {
		return h.Identity.RemovePasskey(r.Context(), c, id, signed)
	})
}

// recoveryCodes makes ten, and earlier ones worthless.
func (h *handler) recoveryCodes(w http.ResponseWriter, r *http.Request) error {
	var body wire.SignedRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	signed, err := h.signed(r, body.Signature, identity.CodesOperation())
	if err != nil {
		return err
	}
	codes, err := h.Identity.MakeCodes(r.Context(), callerOf(r), signed)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.RecoveryCodes{Codes: codes})
}
