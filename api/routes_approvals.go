package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// approvalRoutes adds what makes a signed job: asking, reading, signing. The
// job itself is submitted like any other, with the request's id in a header.
func (h *handler) approvalRoutes(rt *router) {
	rt.add(call, identity.ActionJobSubmit, huma.Operation{
		OperationID: "requestApproval", Method: http.MethodPost, Path: "/v1/approvals", Tags: []string{"approvals"},
		Summary: "Ask for signatures for a job, or for a change of a policy or a secret",
		Description: "For a job that is refused as approval_required. Its image is named by digest, for a signature is for exact content. When enough people have signed, who asked submits the " +
			"same spec with the header " + headerApproval + ", once. With policy it is for PATCH /v1/jobs/{id}/policy of the job that is named " +
			"or, without one, for PUT /v1/tenant/policy, at the version that there is when it is asked for. What names addresses or private " +
			"destinations, or has a job observed, is signed by an admin, and so is a secret: for that, PUT /v1/secrets/{name} or its removal " +
			"takes the header in place of a signature, from who asked, with the salt that the hash was made with.",
		RequestBody: jsonBody[wire.ApprovalRequest](rt),
		Responses:   out{"201": answer[wire.Approval](rt, "The request", "Location")},
		Errors:      []int{404, 413, 415},
	}, h.requestApproval)
	rt.add(call, identity.ActionJobRead, huma.Operation{
		OperationID: "listApprovals", Method: http.MethodGet, Path: "/v1/approvals", Tags: []string{"approvals"},
		Summary:   "List open requests",
		Responses: out{"200": answer[wire.ApprovalList](rt, "Those of the caller's tenant")},
	}, h.approvals)
	rt.add(call, identity.ActionJobRead, huma.Operation{
		OperationID: "getApproval", Method: http.MethodGet, Path: "/v1/approvals/{id}", Tags: []string{"approvals"},
		Summary:    "Read a request",
		Parameters: in{pathID()},
		Responses:  out{"200": answer[wire.Approval](rt, "The request")},
		Errors:     []int{404},
	}, h.approval)
	rt.add(call, identity.ActionJobWiden, huma.Operation{
		OperationID: "beginApprovalSignature", Method: http.MethodPost, Path: "/v1/approvals/{id}/begin", Tags: []string{"approvals"},
		Summary:    "Begin to sign a request",
		Parameters: in{pathID()},
		Responses:  out{"200": answer[wire.StepUp](rt, "A challenge that is the hash of the operation")},
		Errors:     []int{404, 409},
	}, h.beginApprovalSignature)
	rt.add(call, identity.ActionJobWiden, huma.Operation{
		OperationID: "signApproval", Method: http.MethodPost, Path: "/v1/approvals/{id}/sign", Tags: []string{"approvals"},
		Summary:     "Sign a request",
		Parameters:  in{pathID()},
		RequestBody: jsonBody[wire.Answer](rt),
		Responses:   out{"200": answer[wire.Approval](rt, "The request")},
		Errors:      []int{404, 409, 413, 415},
	}, h.signApproval)
}
