package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// tokenRoutes adds the ways to a session of a program.
func (h *handler) tokenRoutes(rt *router) {
	rt.add(open, anybody, huma.Operation{
		OperationID: "getToken", Method: http.MethodPost, Path: "/v1/token", Tags: []string{"login"},
		Summary: "Get an access token",
		Description: "The shape of OAuth's token endpoint, in JSON. The token is bound to the key that proves itself here, lives at most " +
			"15 minutes, and is sent as Authorization: DPoP with a proof for each request. A device that is not approved yet gets " +
			"503 with Retry-After, and 429 if it asks more often.",
		Parameters:  in{proofHeader()},
		RequestBody: jsonBody[wire.TokenRequest](rt),
		Responses:   out{"200": answer[wire.Token](rt, "The token")},
		Errors:      append([]int{http.StatusForbidden, http.StatusNotFound}, refusable...),
	}, h.token)
	rt.add(open, anybody, huma.Operation{
		OperationID: "beginDevice", Method: http.MethodPost, Path: "/v1/device", Tags: []string{"login"},
		Summary:     "Ask to be let in without a browser",
		Description: "Show the user code; the owner types it at the verification URL within five minutes. Meanwhile poll /v1/token.",
		Parameters:  in{proofHeader()},
		RequestBody: jsonBody[wire.DeviceRequest](rt),
		Responses:   out{"200": answer[wire.Device](rt, "The codes")},
		Errors:      refusable,
	}, h.beginDevice)
	rt.add(open, anybody, huma.Operation{
		OperationID: "getKeys", Method: http.MethodGet, Path: "/.well-known/jwks.json", Tags: []string{"login"},
		Summary:   "Keys that access tokens are signed with",
		Responses: out{"200": answer[wire.JWKS](rt, "The keys")},
		Errors:    []int{http.StatusTooManyRequests},
	}, h.jwks)
	rt.add(call, identity.ActionSessionOpen, huma.Operation{
		OperationID: "makeCLICode", Method: http.MethodPost, Path: "/v1/me/cli-codes", Tags: []string{"account"},
		Summary:     "Let a program on the browser's machine in",
		Description: "The page sends the code to the redirect, where the program waits that knows the verifier.",
		RequestBody: jsonBody[wire.CLICodeRequest](rt),
		Responses:   out{"200": answer[wire.CLICode](rt, "The code")},
		Errors:      []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, h.cliCode, secret)
	code := inPath("code", "What the device shows; hyphens and case do not matter")
	rt.add(call, identity.ActionSessionDevice, huma.Operation{
		OperationID: "getDevice", Method: http.MethodGet, Path: "/v1/me/devices/{code}", Tags: []string{"account"},
		Summary:     "See which device waits under a code",
		Description: "An unknown code is refused with 401, like every proof that is not good enough, and audited.",
		Parameters:  in{code},
		Responses:   out{"200": answer[wire.DeviceInfo](rt, "The device, and the operation to sign")},
	}, h.device)
	rt.add(call, identity.ActionSessionDevice, huma.Operation{
		OperationID: "approveDevice", Method: http.MethodPost, Path: "/v1/me/devices/{code}/approve", Tags: []string{"account"},
		Summary:     "Let the device in that waits under a code",
		Parameters:  in{code},
		RequestBody: jsonBody[wire.SignedRequest](rt),
		Responses:   nothing("It is let in when it asks next"),
		Errors:      append([]int{http.StatusPreconditionFailed}, signable...),
	}, h.approveDevice)
}
