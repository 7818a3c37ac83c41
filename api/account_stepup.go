package api

import (
	"net/http"

	"glovebox/api/wire"
	"glovebox/identity"
)

// beginStepUp challenges the caller to sign one operation.
func (h *handler) beginStepUp(w http.ResponseWriter, r *http.Request) error {
	var body wire.StepUpRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	c := callerOf(r)
	o := identity.Operation{
		Action: identity.Action(body.Action), Resource: body.Resource, Version: body.Version, Parameters: body.Parameters,
	}
	id, options, err := h.Identity.BeginStepUp(r.Context(), c, o)
	if err != nil {
		return err
	}
	spelled, err := raw(options.Response)
	if err != nil {
		return err
	}
	o.Tenant, o.Person = c.Tenant, c.Subject // which the challenge covers, too
	return writeJSON(w, http.StatusOK, wire.StepUp{ID: id, Options: spelled, Operation: viewOperation(o)})
}

// signed turns the signature that came with a call into the caller's consent
// to o, which the call itself spells. Without one it is nil: whoever would act
// on it says that it is missing. KindConflict if something else was signed.
func (h *handler) signed(r *http.Request, given *wire.Signature, o identity.Operation) (*identity.SignedOperation, error) {
	if given == nil {
		return nil, nil
	}
	return h.Identity.FinishStepUp(r.Context(), callerOf(r), given.ID, o, given.Response)
}
