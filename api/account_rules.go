package api

import (
	"net/http"

	"glovebox/api/wire"
	"glovebox/identity"
)

// rules lists which workloads the tenant lets in.
func (h *handler) rules(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	all, err := h.Identity.Rules(r.Context(), callerOf(r))
	if err != nil {
		return err
	}
	view := wire.RuleList{}
	for _, rule := range all {
		view.Rules = append(view.Rules, viewRule(rule))
	}
	return writeJSON(w, http.StatusOK, view)
}

// writeRule adds a trust rule.
func (h *handler) writeRule(w http.ResponseWriter, r *http.Request) error {
	var body wire.RuleRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	rule := identity.TrustRule{Name: body.Name, Issuer: body.Issuer, Audience: body.Audience, Claims: body.Claims, Seconds: body.Seconds}
	for _, a := range body.Actions {
		rule.Actions = append(rule.Actions, identity.Action(a))
	}
	signed, err := h.signed(r, body.Signature, identity.RuleOperation(rule))
	if err != nil {
		return err
	}
	if rule, err = h.Identity.WriteRule(r.Context(), callerOf(r), rule, signed); err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, viewRule(rule))
}

// removeRule removes a trust rule, and the sessions it gave.
func (h *handler) removeRule(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	return h.signedCall(w, r, identity.RemoveRuleOperation(id), func(c identity.Caller, signed *identity.SignedOperation) error {
		return h.Identity.RemoveRule(r.Context(), c, id, signed)
	})
}
