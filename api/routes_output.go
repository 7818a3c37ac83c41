package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// outputRoutes adds what is done with the bytes of jobs.
func (h *handler) outputRoutes(rt *router) {
	rt.add(stream, identity.ActionJobRead, huma.Operation{
		OperationID: "readOutput", Method: http.MethodGet, Path: "/v1/jobs/{id}/output", Tags: []string{"output"},
		Summary: "Read stdout, stderr or events",
		Description: "Raw bytes as the job wrote them; of events, a NetEvent as a line of JSON for each decision about its network. " + headerNextOffset + " and " + headerTruncated +
			" are headers or, with follow, trailers. A body that breaks off is resumed at the offset of the first byte that is missing, with the attempt that " + headerAttempt +
			" has named: a body has the bytes of one attempt alone. With the trailer " + headerAgain + ": true the job is run again, and what it writes then begins anew. " +
			"Only the last attempt's output is kept.",
		Parameters: in{
			pathID(), inQuery("stream", "string", "Default stdout", "stdout", "stderr", "events"), inQuery("offset", "integer", "First byte; default 0"),
			inQuery("limit", "integer", "At most so many bytes"), inQuery("follow", "string", "Wait for more until the output is complete", "false", "true"),
			inQuery("attempt", "integer", "Of this attempt, or 409 if it is over and the job was run again; default the present one, or the next if there is none"),
		},
		Responses: out{"200": {Description: "Bytes", Headers: headersOf([]string{headerAttempt, headerNextOffset, headerTruncated, headerAgain}), Content: bytesOf("application/octet-stream")}},
		Errors:    []int{404, 409},
	}, h.output)
	rt.add(stream, identity.ActionJobRead, huma.Operation{
		OperationID: "followEvents", Method: http.MethodGet, Path: "/v1/jobs/{id}/events", Tags: []string{"output"},
		Summary: "Follow a job",
		Description: "Server-sent events: \"job\" with a Job for each change, \"stdout\" and \"stderr\" with a Data, \"end\" " +
			"with the Job when it has ended and its output is complete, \"error\" with a Problem. Last-Event-ID resumes exactly.",
		Parameters: in{pathID(), inHeader("Last-Event-ID", "id of the last event that the caller has")},
		Responses:  out{"200": {Description: "Events", Content: bytesOf(eventType)}},
		Errors:     []int{404},
	}, h.events)
	rt.huma.OpenAPI().Components.Schemas.Schema(typeOf[wire.Data](), true, "")
	for _, method := range []string{http.MethodPut, http.MethodPost} {
		rt.add(stream, identity.ActionJobSubmit, huma.Operation{
			OperationID: "appendStdin" + method, Method: method, Path: "/v1/jobs/{id}/stdin", Tags: []string{"output"},
			Summary: "Append to a job's stdin",
			Description: "Raw bytes, kept as they come. Bytes that are there already are skipped, so a call that broke off " +
				"can be repeated as it was. A gap, a closed stdin or a job that has ended is 409 with the size in the problem.",
			Parameters: in{pathID(), inQuery("offset", "integer", "Of the body's first byte; default 0"),
				inQuery("close", "string", "No more follows the body", "false", "true")},
			RequestBody: &huma.RequestBody{Content: bytesOf("application/octet-stream")},
			Responses:   out{"200": answer[wire.Stdin](rt, "Size now")},
			Errors:      []int{404, 409, 413, 415},
		}, h.stdin, repeatable)
	}
}
