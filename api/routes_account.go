package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// accountRoutes adds what people do with who they are: logging in, passkeys,
// sessions, invitations. It is called only if there is an identity service.
func (h *handler) accountRoutes(rt *router) {
	h.loginRoutes(rt)
	h.tokenRoutes(rt)
	h.meRoutes(rt)
	h.passkeyRoutes(rt)
	h.peopleRoutes(rt)
	h.invitationRoutes(rt)
	h.ruleRoutes(rt)
	h.hostRoutes(rt)
}

// inPath describes a part of the path.
func inPath(name, description string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

// proofHeader describes the proof of calls that ask for a session.
func proofHeader() *huma.Param {
	p := inHeader("DPoP", "Proof of the caller's key (RFC 9449): ES256 or EdDSA, for this method and URL, not older than a minute, used once")
	p.Required = true
	return p
}

// refusable are the errors of open routes that take a proof of something. What
// exactly was wrong with it is in the audit log and nowhere else.
var refusable = []int{http.StatusUnauthorized, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests}

// signable are the errors of calls with a body that holds a signature.
var signable = []int{http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}

func nothing(description string) out { return out{"204": {Description: description}} }

// stepUpRoutes adds what comes before every signature.
func (h *handler) stepUpRoutes(rt *router) {
	rt.add(call, identity.ActionSelfRead, huma.Operation{
		OperationID: "beginStepUp", Method: http.MethodPost, Path: "/v1/step-up/begin", Tags: []string{"account"},
		Summary: "Begin to sign an operation",
		Description: "The challenge is the hash of exactly this operation. The answer to it is the signature of the call that does the " +
			"operation, within two minutes and once; for another call it is a conflict. What each operation consists of:\n\n" +
			"passkey.add {name}; passkey.remove of a passkey; recovery.codes; session.device, as GET /v1/me/devices/{code} gives it; " +
			"person.invite {name, role}; person.role of a person {role}; person.disable and person.enable of a person; " +
			"rule.write {name, issuer, audience, claims, actions, seconds}; rule.remove of a rule. A rule that would be refused is " +
			"refused here already, with its field under parameters.",
		RequestBody: jsonBody[wire.StepUpRequest](rt),
		Responses:   out{"200": answer[wire.StepUp](rt, "The challenge")},
		Errors:      []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, h.beginStepUp)
}
