package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// templateRoutes adds what sandboxes are parked for. A template never changes,
// so nothing of it needs a version.
func (h *handler) templateRoutes(rt *router) {
	whose := inQuery("tenant", "string", "Of another tenant, or * for all; for root of the machine")
	rt.add(upload, identity.ActionTemplateWrite, huma.Operation{
		OperationID: "createTemplate", Method: http.MethodPost, Path: "/v1/templates", Tags: []string{"nodes"},
		Summary: "Have nodes park sandboxes for the jobs of an image",
		Description: "The image is one that the caller's tenant has here. Jobs of every tenant that run the very same image may take them: " +
			"there is nothing of anybody in one. With from, a running job of the caller's tenant is saved in place of that, " +
			"with all that it holds: then only jobs of this tenant can go on from it, and only those that name the template.",
		RequestBody: jsonBody[wire.TemplateRequest](rt),
		Responses:   out{"201": answer[wire.Template](rt, "The template", "Location")},
		Errors:      []int{404, 409, 413, 415},
	}, h.createTemplate)
	rt.add(call, identity.ActionTemplateRead, huma.Operation{
		OperationID: "listTemplates", Method: http.MethodGet, Path: "/v1/templates", Tags: []string{"nodes"},
		Summary:    "List the templates that the tenant has made",
		Parameters: in{whose},
		Responses:  out{"200": answer[wire.TemplateList](rt, "All, by name")},
	}, h.templates)
	rt.add(call, identity.ActionTemplateRead, huma.Operation{
		OperationID: "getTemplate", Method: http.MethodGet, Path: "/v1/templates/{name}", Tags: []string{"nodes"},
		Summary:    "Read a template",
		Parameters: in{inPath("name", "Of the template"), whose},
		Responses:  out{"200": answer[wire.Template](rt, "The template")},
		Errors:     []int{404},
	}, h.template)
	rt.add(call, identity.ActionTemplateWrite, huma.Operation{
		OperationID: "removeTemplate", Method: http.MethodDelete, Path: "/v1/templates/{name}", Tags: []string{"nodes"},
		Summary:    "Remove a template; nodes destroy what they have parked for it",
		Parameters: in{inPath("name", "Of the template"), whose},
		Responses:  nothing("Removed"),
		Errors:     []int{404},
	}, h.removeTemplate)
}
