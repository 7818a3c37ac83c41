package api

import (
	"net/http"
	"regexp"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
)

// hashForm is that of identity.SecretHash.
var hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// requestSecret asks for a signature for a change of a secret at the version
// that there is.
func (h *handler) requestSecret(r *http.Request, given wire.SecretChange) (identity.Approval, error) {
	change := identity.SecretChange{Name: given.Name, Hash: given.Value}
	asked, err := glovebox.Secret{Name: given.Name, Domains: given.Domains}.Complete()
	if err != nil {
		return identity.Approval{}, within("secret", err)
	}
	change.Domains = asked.Domains
	switch {
	case h.Secrets == nil:
		return identity.Approval{}, glovebox.Errorf(glovebox.KindInvalid, "there are no secrets here").On("secret")
	case given.Remove && (given.Value != "" || len(given.Domains) > 0):
		return identity.Approval{}, glovebox.Errorf(glovebox.KindInvalid, "both a value and a removal").On("secret.remove").Try("ask for one of them")
	case !given.Remove && !hashForm.MatchString(given.Value):
		return identity.Approval{}, glovebox.Errorf(glovebox.KindInvalid, "not the hash of a value").On("secret.value").
			Try("give 64 hex digits, as described with putSecret, or remove: true")
	}
	s, err := h.Secrets.Get(r.Context(), principal(r).Tenant, given.Name)
	if err != nil && (given.Remove || glovebox.KindOf(err) != glovebox.KindNotFound) {
		return identity.Approval{}, err
	}
	change.Seen = s.Version
	return h.Identity.RequestSecretChange(r.Context(), callerOf(r), change)
}

// agreed is consent to a change of a secret, given beforehand under a request
// that the caller names, or else with the call.
func (h *handler) agreed(r *http.Request, given *wire.Signature, o identity.Operation, change identity.SecretChange) error {
	id, err := h.approvalNamed(r)
	switch {
	case err != nil:
		return err
	case id == "":
		return h.consent(r, given, o)
	case given != nil:
		return glovebox.Errorf(glovebox.KindInvalid, "both a signature and an approval").On(headerApproval).Try("give one of them")
	}
	_, err = h.Approvals.TakeSecretChange(r.Context(), callerOf(r), id, change)
	return err
}
