package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
)

// params and responses of an operation, under shorter names.
type (
	in  = []*huma.Param
	out = map[string]*huma.Response
)

// jobRoutes adds what is done with jobs.
func (h *handler) jobRoutes(rt *router) {
	h.submitRoutes(rt)
	rt.add(call, identity.ActionJobRead, huma.Operation{
		OperationID: "listJobs", Method: http.MethodGet, Path: "/v1/jobs", Tags: []string{"jobs"},
		Summary: "List jobs, newest first",
		Parameters: in{
			manyInQuery("status", "Jobs that stand there now; repeat for more", choices(glovebox.Statuses())...),
			manyInQuery("outcome", "Jobs that came to this end, archived or not; repeat for more", choices(outcomes)...),
			manyInQuery("label", "name=value; repeat for more, all must match"),
			inQuery("since", "string", "Created at or after, RFC 3339"), inQuery("until", "string", "Created before, RFC 3339"),
			inQuery("limit", "integer", "Jobs per page, 1 to 1000; default 100"), inQuery("cursor", "string", "next of the page before"),
		},
		Responses: out{"200": answer[wire.JobPage](rt, "A page")},
		Errors:    []int{413},
	}, h.jobs)
	rt.add(call, identity.ActionJobRead, huma.Operation{
		OperationID: "getJob", Method: http.MethodGet, Path: "/v1/jobs/{id}", Tags: []string{"jobs"},
		Summary:    "Read a job",
		Parameters: in{pathID(), inHeader("If-None-Match", "ETag of what the caller has")},
		Responses:  out{"200": answer[wire.Job](rt, "The job", "ETag"), "304": {Description: "As the caller has it"}},
		Errors:     []int{404},
	}, h.job)
	rt.add(stream, identity.ActionJobRead, huma.Operation{
		OperationID: "waitForJob", Method: http.MethodGet, Path: "/v1/jobs/{id}/wait", Tags: []string{"jobs"},
		Summary:     "Wait for a job",
		Description: "Answers when the job has come so far, or when the time is over, with the job as it is then.",
		Parameters: in{pathID(), inQuery("for", "string", "What to wait for; default ended", string(wire.Ended), string(wire.Sealed), string(wire.Archived)),
			inQuery("timeout", "string", "At most so long, up to 4m; default 30s")},
		Responses: out{"200": answer[wire.Job](rt, "The job", "ETag")},
		Errors:    []int{404},
	}, h.wait)
	rt.add(call, identity.ActionJobCancel, huma.Operation{
		OperationID: "cancelJob", Method: http.MethodPost, Path: "/v1/jobs/{id}/cancel", Tags: []string{"jobs"},
		Summary:     "Ask for a job to end",
		Description: "Safe to repeat. A job that has ended stays as it is. Who may cancel jobs may cancel any job of the own tenant, whoever submitted it; another tenant's job is 404.",
		Parameters:  in{pathID(), inHeader("If-Match", "Only if the job has this ETag")},
		Responses:   out{"200": answer[wire.Job](rt, "The job as it is then", "ETag")},
		Errors:      []int{404, 409, 412},
	}, h.cancel)
	rt.add(call, identity.ActionJobDelete, huma.Operation{
		OperationID: "deleteJob", Method: http.MethodDelete, Path: "/v1/jobs/{id}", Tags: []string{"jobs"},
		Summary: "Remove an archived job",
		Description: "With its output, artifacts and receipt; the audit log keeps what it has. Who submitted the job may, and admins. A job that is not archived is 409. " +
			"Archived jobs are removed without being asked at expiresAt.",
		Parameters: in{pathID(), inHeader("If-Match", "Only if the job has this ETag")},
		Responses:  nothing("It is gone"),
		Errors:     []int{404, 409, 412},
	}, h.deleteJob)
}

// submitRoutes adds the way in. It has two names: POST /submit is the older one.
func (h *handler) submitRoutes(rt *router) {
	for id, path := range map[string]string{"submitJob": "/v1/jobs", "submit": "/submit"} {
		note := ""
		if path != "/v1/jobs" {
			note = "The same as POST /v1/jobs, which it shares its keys with. "
		}
		rt.add(call, identity.ActionJobSubmit, huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: path, Tags: []string{"jobs"},
			Summary: "Submit a job",
			Description: note + "Accepted durably when the answer comes. With Accept: text/event-stream the answer is the job's " +
				"events instead, as of GET /v1/jobs/{id}/events, from its beginning to its end.",
			Parameters: in{
				inHeader(headerKey, "Makes the call safe to repeat for 24 hours: the same key and body find the first job"),
				inHeader(headerApproval, "id of a complete approval, for a job that goes beyond what the tenant allows; used up by the call"),
			},
			RequestBody: jsonBody[wire.Spec](rt),
			Responses:   out{"202": answer[wire.Job](rt, "Accepted", "ETag", "Location", headerReplayed), "200": {Description: "Events", Content: bytesOf(eventType)}},
			Errors:      []int{404, 413, 415, 429, 502},
		}, h.submit, ownKey)
	}
}
