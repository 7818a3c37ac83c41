package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
)

// Names of the ways to authenticate, in the document.
const (
	schemeToken  = "accessToken"
	schemeProof  = "proof"
	schemeCookie = "session"
)

// securitySchemes are the ways to authenticate. At the local socket there is
// none to choose: the kernel tells who calls.
func securitySchemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		schemeToken: {Type: "http", Scheme: "DPoP", BearerFormat: "JWT",
			Description: "An access token of POST /v1/token, bound to the caller's key (RFC 9449). Needs the proof as well"},
		schemeProof: {Type: "apiKey", In: "header", Name: "DPoP",
			Description: "Proof of the key for this very request: ES256 or EdDSA, used once, at most a minute old"},
		schemeCookie: {Type: "apiKey", In: "cookie", Name: cookieName,
			Description: "A browser's session. Requests that change something must come from a page of this server"},
	}
}

// describe adds to a route's description what all routes of its kind have.
func (rt *router) describe(op *huma.Operation, rc route) {
	changes := op.Method != http.MethodGet
	statuses := []int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable}
	if rc.class != open {
		statuses = append(statuses, http.StatusUnauthorized)
		op.Security = []map[string][]string{{schemeToken: {}, schemeProof: {}}, {schemeCookie: {}}, {}}
		op.Extensions = map[string]any{"x-glovebox-action": string(rc.need)}
	}
	if rc.class != open || changes {
		statuses = append(statuses, http.StatusForbidden)
	}
	if strings.Contains(op.Path, "{") {
		statuses = append(statuses, http.StatusNotFound) // also for what cannot be an id
	}
	if op.Method == http.MethodPost {
		statuses = append(statuses, http.StatusConflict, http.StatusRequestEntityTooLarge)
		if !rc.is(ownKey) {
			op.Parameters = append(op.Parameters, inHeader(headerKey, keyNote(rc)))
		}
	}
	for _, status := range append(statuses, op.Errors...) {
		op.Responses[strconv.Itoa(status)] = rt.problemResponse(status)
	}
}

// keyNote says what an Idempotency-Key does for a route.
func keyNote(rc route) string {
	switch {
	case rc.class == open:
		return "Taken and without effect: there is no caller yet whose key it could be. What the call uses up, it uses up once"
	case rc.is(repeatable):
		return "Taken and not needed: the call is safe to repeat as it is"
	case rc.is(secret):
		return "The call is made once in 24 hours. Its answer is not kept: who repeats it is told by 409 that it was done"
	}
	return "Makes the call safe to repeat for 24 hours: the same key and body get the first answer, with " + headerReplayed + ": true"
}

func (rt *router) problemResponse(status int) *huma.Response {
	r := &huma.Response{
		Description: http.StatusText(status),
		Content:     map[string]*huma.MediaType{problemType: {Schema: schemaOf[wire.Problem](rt.huma)}},
	}
	switch status {
	case http.StatusUnauthorized:
		r.Headers = headersOf([]string{"WWW-Authenticate"})
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		r.Headers = headersOf([]string{"Retry-After"})
	}
	return r
}
