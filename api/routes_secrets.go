package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// secretRoutes adds what is set and known about secrets. None gives a value.
func (h *handler) secretRoutes(rt *router) {
	name := inPath("name", "Of the secret")
	rt.add(call, identity.ActionSecretRead, huma.Operation{
		OperationID: "listSecrets", Method: http.MethodGet, Path: "/v1/secrets", Tags: []string{"secrets"},
		Summary:   "List the tenant's secrets, without their values",
		Responses: out{"200": answer[wire.SecretList](rt, "All, by name")},
	}, h.secrets)
	rt.add(call, identity.ActionSecretRead, huma.Operation{
		OperationID: "getSecret", Method: http.MethodGet, Path: "/v1/secrets/{name}", Tags: []string{"secrets"},
		Summary:    "Read what is known of a secret, but for its value",
		Parameters: in{name, inHeader("If-None-Match", "ETag of what the caller has")},
		Responses:  out{"200": answer[wire.Secret](rt, "The secret", "ETag"), "304": {Description: "As the caller has it"}},
		Errors:     []int{http.StatusNotFound},
	}, h.secret)
	rt.add(call, identity.ActionSecretWrite, huma.Operation{
		OperationID: "putSecret", Method: http.MethodPut, Path: "/v1/secrets/{name}", Tags: []string{"secrets"},
		Summary: "Give a secret a value",
		Description: "Replaces value and domains. Needs If-Match or If-None-Match: *. Jobs that run already keep the value that they have. " +
			"Root of the machine needs no signature.",
		Parameters: in{name, inHeader("If-Match", "ETag of the secret to replace"),
			inHeader("If-None-Match", "* for one that there is not yet"), inHeader(headerApproval, "A signed request for exactly this, in place of a signature")},
		RequestBody: jsonBody[wire.SecretRequest](rt),
		Responses:   out{"200": answer[wire.Secret](rt, "The secret", "ETag")},
		Errors:      append([]int{http.StatusPreconditionFailed}, signable...),
	}, h.putSecret)
	rt.add(call, identity.ActionSecretWrite, huma.Operation{
		OperationID: "removeSecret", Method: http.MethodPost, Path: "/v1/secrets/{name}/remove", Tags: []string{"secrets"},
		Summary:     "Remove a secret",
		Description: "Jobs that run already keep the value that they have. Root of the machine needs no signature.",
		Parameters: in{name, inHeader("If-Match", "ETag of the secret to remove; default any"),
			inHeader(headerApproval, "A signed request for exactly this, in place of a signature")},
		RequestBody: jsonBody[wire.SignedRequest](rt),
		Responses:   nothing("It is gone"),
		Errors:      append([]int{http.StatusPreconditionFailed}, signable...),
	}, h.removeSecret)
	rt.add(call, identity.ActionSecretRotate, huma.Operation{
		OperationID: "rotateSecrets", Method: http.MethodPost, Path: "/v1/host/secrets/rotate", Tags: []string{"host"},
		Summary:     "Make a new key, and seal the secrets of all tenants with it",
		Description: "What old keys have sealed, such as in a backup, stays readable with the file of keys.",
		Responses:   out{"200": answer[wire.Resealed](rt, "All are sealed with the new key")},
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, h.rotateSecrets)
}
