package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// meRoutes adds what callers see and end of their own.
func (h *handler) meRoutes(rt *router) {
	rt.add(call, identity.ActionSelfRead, huma.Operation{
		OperationID: "getMe", Method: http.MethodGet, Path: "/v1/me", Tags: []string{"account"},
		Summary:   "Who is calling, and what they may do",
		Responses: out{"200": answer[wire.Me](rt, "The caller")},
		Errors:    []int{http.StatusNotFound},
	}, h.me)
	rt.add(call, identity.ActionSelfRead, huma.Operation{
		OperationID: "listSessions", Method: http.MethodGet, Path: "/v1/me/sessions", Tags: []string{"account"},
		Summary:   "List one's own sessions",
		Responses: out{"200": answer[wire.SessionList](rt, "Those that have not ended")},
	}, h.sessions)
	rt.add(call, identity.ActionSessionEnd, huma.Operation{
		OperationID: "endSession", Method: http.MethodDelete, Path: "/v1/me/sessions/{id}", Tags: []string{"account"},
		Summary:     "End one of one's own sessions",
		Description: "Takes effect on its next request, and cuts its open streams.",
		Parameters:  in{inPath("id", "Of the session")},
		Responses:   nothing("It has ended"),
		Errors:      []int{http.StatusNotFound},
	}, h.endSession)
	rt.add(call, identity.ActionSessionEnd, huma.Operation{
		OperationID: "endSessions", Method: http.MethodDelete, Path: "/v1/me/sessions", Tags: []string{"account"},
		Summary:   "End all of one's own sessions, this one too",
		Responses: nothing("They have ended"),
		Errors:    []int{http.StatusNotFound, http.StatusPreconditionFailed},
	}, h.endSessions)
	rt.add(call, identity.ActionSessionLeave, huma.Operation{
		OperationID: "logout", Method: http.MethodPost, Path: "/v1/me/logout", Tags: []string{"account"},
		Summary:     "End this session",
		Description: "Every session may. The cookie is cleared.",
		Responses:   nothing("It has ended"),
		Errors:      []int{http.StatusNotFound},
	}, h.logout)
	h.stepUpRoutes(rt)
}

// passkeyRoutes adds what people do with their own passkeys.
func (h *handler) passkeyRoutes(rt *router) {
	id := inPath("id", "Of the passkey")
	rt.add(call, identity.ActionSelfRead, huma.Operation{
		OperationID: "listPasskeys", Method: http.MethodGet, Path: "/v1/me/passkeys", Tags: []string{"account"},
		Summary:   "List one's own passkeys",
		Responses: out{"200": answer[wire.PasskeyList](rt, "All, the disabled ones too")},
		Errors:    []int{http.StatusNotFound},
	}, h.passkeys)
	rt.add(call, identity.ActionPasskeyAdd, huma.Operation{
		OperationID: "beginPasskey", Method: http.MethodPost, Path: "/v1/me/passkeys/begin", Tags: []string{"account"},
		Summary:     "Begin to add a passkey",
		Description: "Signed by a passkey there is already; a recovery session needs no signature.",
		RequestBody: jsonBody[wire.AddPasskeyRequest](rt),
		Responses:   out{"200": answer[wire.Challenge](rt, "The challenge")},
		Errors:      signable,
	}, h.beginPasskey)
	rt.add(call, identity.ActionPasskeyAdd, huma.Operation{
		OperationID: "finishPasskey", Method: http.MethodPost, Path: "/v1/me/passkeys/finish", Tags: []string{"account"},
		Summary:     "Add a passkey",
		RequestBody: jsonBody[wire.Answer](rt),
		Responses:   out{"201": answer[wire.Passkey](rt, "The passkey", "Set-Cookie")},
		Errors:      append([]int{http.StatusPreconditionFailed}, signable...),
	}, h.finishPasskey)
	rt.add(call, identity.ActionPasskeyRename, huma.Operation{
		OperationID: "renamePasskey", Method: http.MethodPatch, Path: "/v1/me/passkeys/{id}", Tags: []string{"account"},
		Summary:     "Call a passkey something else",
		Parameters:  in{id},
		RequestBody: jsonBody[wire.RenameRequest](rt),
		Responses:   nothing("It is called so"),
		Errors:      append([]int{http.StatusPreconditionFailed}, signable...),
	}, h.renamePasskey)
	rt.add(call, identity.ActionPasskeyRemove, huma.Operation{
		OperationID: "removePasskey", Method: http.MethodPost, Path: "/v1/me/passkeys/{id}/remove", Tags: []string{"account"},
		Summary:     "Remove a passkey, and the sessions it opened",
		Description: "Never the last usable one.",
		Parameters:  in{id},
		RequestBody: jsonBody[wire.SignedRequest](rt),
		Responses:   nothing("It is gone"),
		Errors:      append([]int{http.StatusPreconditionFailed}, signable...),
	}, h.removePasskey)
	rt.add(call, identity.ActionCodesMake, huma.Operation{
		OperationID: "makeRecoveryCodes", Method: http.MethodPost, Path: "/v1/me/recovery-codes", Tags: []string{"account"},
		Summary:     "Make ten recovery codes, and earlier ones worthless",
		RequestBody: jsonBody[wire.SignedRequest](rt),
		Responses:   out{"200": answer[wire.RecoveryCodes](rt, "The codes")},
		Errors:      append([]int{http.StatusPreconditionFailed}, signable...),
	}, h.recoveryCodes, secret)
}
