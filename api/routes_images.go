package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// imageRoutes adds what is done with images.
func (h *handler) imageRoutes(rt *router) {
	imageErrors := []int{404, 409, 413, 415, 429, 502}
	rt.add(call, identity.ActionImageRead, huma.Operation{
		OperationID: "listImages", Method: http.MethodGet, Path: "/v1/images", Tags: []string{"images"},
		Summary:   "List images by name",
		Responses: out{"200": answer[wire.ImageList](rt, "All images")},
	}, h.images)
	rt.add(upload, identity.ActionImageRead, huma.Operation{
		OperationID: "inspectImage", Method: http.MethodGet, Path: "/v1/images/inspect", Tags: []string{"images"},
		Summary:     "Read what an image lets one guess of what its jobs will need",
		Description: "Its entry point, the ports and package managers in it, and a policy to begin with. The first call for an image reads all of it.",
		Parameters:  in{required(inQuery("name", "string", "Its name"))},
		Responses:   out{"200": answer[wire.ImageInspected](rt, "What was found")},
		Errors:      []int{404},
	}, h.inspectImage)
	rt.add(upload, identity.ActionImageAdd, huma.Operation{
		OperationID: "importImage", Method: http.MethodPost, Path: "/v1/images/import", Tags: []string{"images"},
		Summary:     "Import an OCI or Docker archive",
		Parameters:  in{inQuery("name", "string", "Keep it under this name; default the names in the archive")},
		RequestBody: &huma.RequestBody{Required: true, Content: bytesOf("application/x-tar")},
		Responses:   out{"200": answer[wire.ImageList](rt, "What was in it")},
		Errors:      imageErrors,
	}, h.importImage, repeatable)
	rt.add(upload, identity.ActionImageAdd, huma.Operation{
		OperationID: "pullImage", Method: http.MethodPost, Path: "/v1/images/pull", Tags: []string{"images"},
		Summary: "Fetch an image from a registry",
		Description: "With Accept: text/event-stream the answer is events: \"progress\" with a PullProgress, and at the end " +
			"\"image\" with an Image or \"error\" with a Problem.",
		RequestBody: jsonBody[wire.PullRequest](rt),
		Responses:   out{"200": answer[wire.Image](rt, "The image")},
		Errors:      imageErrors,
	}, h.pull)
	rt.huma.OpenAPI().Components.Schemas.Schema(typeOf[wire.PullProgress](), true, "")
	rt.add(call, identity.ActionImageRemove, huma.Operation{
		OperationID: "removeImage", Method: http.MethodDelete, Path: "/v1/images", Tags: []string{"images"},
		Summary:    "Forget an image",
		Parameters: in{required(inQuery("name", "string", "Its name"))},
		Responses:  out{"204": {Description: "Forgotten"}},
		Errors:     []int{404, 409},
	}, h.removeImage)
}

func required(p *huma.Param) *huma.Param {
	p.Required = true
	return p
}
