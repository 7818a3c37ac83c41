package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
)

// loginRoutes adds the ways to a browser's session.
func (h *handler) loginRoutes(rt *router) {
	const cookie = "Set-Cookie"
	rt.add(open, anybody, huma.Operation{
		OperationID: "beginLogin", Method: http.MethodPost, Path: "/v1/login/begin", Tags: []string{"login"},
		Summary:     "Begin to log in with a passkey",
		Description: "Takes an empty object. The options are for navigator.credentials.get; the challenge is good for five minutes and one answer.",
		RequestBody: jsonBody[struct{}](rt),
		Responses:   out{"200": answer[wire.Challenge](rt, "The challenge")},
		Errors:      []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests},
	}, h.beginLogin)
	rt.add(open, anybody, huma.Operation{
		OperationID: "finishLogin", Method: http.MethodPost, Path: "/v1/login/finish", Tags: []string{"login"},
		Summary:     "Log in with a passkey",
		RequestBody: jsonBody[wire.LoginRequest](rt),
		Responses:   out{"200": answer[wire.Login](rt, "A session, in the cookie", cookie)},
		Errors:      refusable,
	}, h.finishLogin)
	rt.add(open, anybody, huma.Operation{
		OperationID: "loginWithCode", Method: http.MethodPost, Path: "/v1/login/code", Tags: []string{"login"},
		Summary:     "Log in with a recovery code",
		Description: "The code is used up. The session lasts 15 minutes and can do nothing but register a passkey, which ends it.",
		RequestBody: jsonBody[wire.CodeLoginRequest](rt),
		Responses:   out{"200": answer[wire.Login](rt, "A recovery session, in the cookie", cookie)},
		Errors:      refusable,
	}, h.codeLogin)
	rt.add(open, anybody, huma.Operation{
		OperationID: "inspectLink", Method: http.MethodPost, Path: "/v1/links/inspect", Tags: []string{"login"},
		Summary:     "See what a one-time link is for",
		RequestBody: jsonBody[wire.LinkRequest](rt),
		Responses:   out{"200": answer[wire.LinkInfo](rt, "What it is for")},
		Errors:      refusable,
	}, h.inspectLink)
	rt.add(open, anybody, huma.Operation{
		OperationID: "beginEnrol", Method: http.MethodPost, Path: "/v1/links/begin", Tags: []string{"login"},
		Summary:     "Begin to register with a one-time link",
		Description: "The options are for navigator.credentials.create. The link is used up by links/finish, so a failed attempt costs nothing.",
		RequestBody: jsonBody[wire.EnrolRequest](rt),
		Responses:   out{"200": answer[wire.Challenge](rt, "The challenge")},
		Errors:      append([]int{http.StatusNotFound, http.StatusConflict}, refusable...),
	}, h.beginEnrol)
	rt.add(open, anybody, huma.Operation{
		OperationID: "finishEnrol", Method: http.MethodPost, Path: "/v1/links/finish", Tags: []string{"login"},
		Summary:     "Register with a one-time link",
		Description: "Makes the person, or gives who recovers a new passkey and ends what sessions they had.",
		RequestBody: jsonBody[wire.LoginRequest](rt),
		Responses:   out{"200": answer[wire.Login](rt, "A session, in the cookie", cookie)},
		Errors:      append([]int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed}, refusable...),
	}, h.finishEnrol)
}
