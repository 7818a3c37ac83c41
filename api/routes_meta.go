package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// metaRoutes adds what is told about the API itself.
func (h *handler) metaRoutes(rt *router) {
	rt.add(call, identity.ActionSelfRead, huma.Operation{
		OperationID: "getVersion", Method: http.MethodGet, Path: "/v1/version", Tags: []string{"meta"},
		Summary:   "What answers here",
		Responses: out{"200": answer[wire.Version](rt, "Version")},
	}, h.version)
	rt.add(open, anybody, huma.Operation{
		OperationID: "listErrors", Method: http.MethodGet, Path: "/v1/errors", Tags: []string{"meta"},
		Summary:   "All kinds of errors",
		Responses: out{"200": answer[wire.ErrorKinds](rt, "One row for each kind")},
	}, h.errors)
	rt.add(open, anybody, huma.Operation{
		OperationID: "getHealth", Method: http.MethodGet, Path: "/healthz", Tags: []string{"meta"},
		Summary:   "Whether requests are answered",
		Responses: out{"200": answer[wire.Health](rt, "They are")},
	}, h.health)
	rt.add(open, anybody, huma.Operation{
		OperationID: "getOpenAPI", Method: http.MethodGet, Path: "/openapi.json", Tags: []string{"meta"},
		Summary:   "This document",
		Responses: out{"200": {Description: "OpenAPI 3.1", Content: map[string]*huma.MediaType{"application/openapi+json": {Schema: &huma.Schema{Type: huma.TypeObject}}}}},
	}, h.openAPI)
}
