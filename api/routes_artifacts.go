package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// artifactRoutes adds what is done with the files that jobs leave.
func (h *handler) artifactRoutes(rt *router) {
	rt.add(call, identity.ActionJobRead, huma.Operation{
		OperationID: "listArtifacts", Method: http.MethodGet, Path: "/v1/jobs/{id}/artifacts", Tags: []string{"artifacts"},
		Summary:     "List what a job has left under /out",
		Description: "Files and folders, once the job's output is sealed; before, it is 409. See artifacts of the job for what was left out.",
		Parameters: in{pathID(), inQuery("limit", "integer", "At most so many, 1 to 10000; default 1000"), inQuery("cursor", "integer", "next of the page before"),
			inHeader("If-None-Match", "ETag of what the caller has")},
		Responses: out{"200": answer[wire.ArtifactPage](rt, "A page", "ETag"), "304": {Description: "As the caller has it"}},
		Errors:    []int{404, 409},
	}, h.artifacts)
	rt.add(stream, identity.ActionJobRead, huma.Operation{
		OperationID: "readArtifact", Method: http.MethodGet, Path: "/v1/jobs/{id}/artifacts/file", Tags: []string{"artifacts"},
		Summary: "Download a file that a job has left",
		Description: "Always as bytes to be saved, whatever the job calls it. One range can be asked for (RFC 9110), so a download that broke off " +
			"goes on with Range and If-Range. Repr-Digest is the sha256 of the whole file (RFC 9530), and the ETag its digest.",
		Parameters: in{pathID(), required(inQuery("path", "string", "Of the file, relative to /out")), inHeader("Range", "bytes=FIRST-, bytes=FIRST-LAST or bytes=-COUNT"),
			inHeader("If-Range", "ETag of what the caller has a part of; of another file, all comes"), inHeader("If-None-Match", "ETag of what the caller has")},
		Responses: out{
			"200": {Description: "The file", Headers: headersOf(artifactHeaders), Content: bytesOf("application/octet-stream")},
			"206": {Description: "The range", Headers: headersOf(append(artifactHeaders[:len(artifactHeaders):len(artifactHeaders)], "Content-Range")), Content: bytesOf("application/octet-stream")},
			"304": {Description: "As the caller has it"},
		},
		Errors: []int{404, 409, http.StatusRequestedRangeNotSatisfiable},
	}, h.artifact)
}

var artifactHeaders = []string{"ETag", "Repr-Digest", "Content-Disposition"}

// fileRoutes adds what is done with files for jobs to find.
func (h *handler) fileRoutes(rt *router) {
	rt.add(upload, identity.ActionJobSubmit, huma.Operation{
		OperationID: "uploadFile", Method: http.MethodPost, Path: "/v1/files", Tags: []string{"artifacts"},
		Summary: "Hand over a file for jobs",
		Description: "The body is the file, at most 15 MiB. A job names it by the digest of the answer, in files. It belongs to the caller's tenant, and is kept for a day " +
			"after it was uploaded or last named by a new job, and as long as a job that is not over names it.",
		RequestBody: &huma.RequestBody{Required: true, Content: bytesOf("application/octet-stream")},
		Responses:   out{"200": answer[wire.File](rt, "Kept", "Location")},
		Errors:      []int{413, 415, 429},
	}, h.putFile, repeatable)
	rt.add(call, identity.ActionJobSubmit, huma.Operation{
		OperationID: "getFile", Method: http.MethodGet, Path: "/v1/files/{digest}", Tags: []string{"artifacts"},
		Summary:    "Look whether a file was handed over",
		Parameters: in{inPath("digest", "sha256:… of its bytes")},
		Responses:  out{"200": answer[wire.File](rt, "It was")},
		Errors:     []int{404},
	}, h.file)
}
