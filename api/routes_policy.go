package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// schemaType is the content type of a JSON Schema.
const schemaType = "application/schema+json"

// policyRoutes adds what jobs may touch: the tenant's policy, which is the most
// that they get without a signed approval, and each job's own.
func (h *handler) policyRoutes(rt *router) {
	ofChange := inHeader(headerApproval, "id of a complete approval of exactly this change; used up by the call")
	rt.add(open, anybody, huma.Operation{
		OperationID: "getPolicySchema", Method: http.MethodGet, Path: "/v1/policy/schema", Tags: []string{"policy"},
		Summary:   "The JSON Schema of a policy document",
		Responses: out{"200": {Description: "JSON Schema 2020-12", Content: map[string]*huma.MediaType{schemaType: {Schema: &huma.Schema{Type: huma.TypeObject}}}}},
	}, h.policySchema)
	rt.add(call, identity.ActionPolicyRead, huma.Operation{
		OperationID: "checkPolicy", Method: http.MethodPost, Path: "/v1/policy/check", Tags: []string{"policy"},
		Summary:     "Explain a policy, and hold it against the tenant's",
		Description: "Changes nothing.",
		RequestBody: jsonBody[wire.PolicyCheck](rt),
		Responses:   out{"200": answer[wire.PolicyChecked](rt, "What it means, line by line")},
		Errors:      []int{413, 415},
	}, h.checkPolicy, repeatable)
	rt.add(call, identity.ActionPolicyRead, huma.Operation{
		OperationID: "getTenantPolicy", Method: http.MethodGet, Path: "/v1/tenant/policy", Tags: []string{"policy"},
		Summary:    "Read the policy of the caller's tenant",
		Parameters: in{inHeader("If-None-Match", "ETag of what the caller has")},
		Responses:  out{"200": answer[wire.TenantPolicy](rt, "The policy", "ETag"), "304": {Description: "As the caller has it"}},
	}, h.tenantPolicy)
	rt.add(call, identity.ActionPolicyChange, huma.Operation{
		OperationID: "putTenantPolicy", Method: http.MethodPut, Path: "/v1/tenant/policy", Tags: []string{"policy"},
		Summary: "Replace the policy of the caller's tenant",
		Description: "With an approval of exactly this change, signed by an admin: POST /v1/approvals {policy}. Holds for jobs that are " +
			"submitted from then on; those that are there keep theirs.",
		Parameters:  in{inHeader("If-Match", "ETag of the policy to replace"), ofChange},
		RequestBody: jsonBody[wire.Policy](rt),
		Responses:   out{"200": answer[wire.TenantPolicy](rt, "The policy", "ETag")},
		Errors:      []int{404, 409, 412, 413, 415},
	}, h.putTenantPolicy)
	rt.add(call, identity.ActionJobRead, huma.Operation{
		OperationID: "getJobPolicy", Method: http.MethodGet, Path: "/v1/jobs/{id}/policy", Tags: []string{"policy"},
		Summary:    "Read the policy that holds for a job",
		Parameters: in{pathID(), inHeader("If-None-Match", "ETag of what the caller has")},
		Responses:  out{"200": answer[wire.JobPolicy](rt, "The policy, and what decided about it", "ETag"), "304": {Description: "As the caller has it"}},
		Errors:     []int{404},
	}, h.jobPolicy)
	rt.add(call, identity.ActionJobSubmit, huma.Operation{
		OperationID: "patchJobPolicy", Method: http.MethodPatch, Path: "/v1/jobs/{id}/policy", Tags: []string{"policy"},
		Summary: "Replace the policy of a job that has not ended",
		Description: "What narrows is done at once. Anything else takes an approval of exactly this change: POST /v1/approvals {job, policy}. " +
			"Another tenant's job is 404.",
		Parameters:  in{pathID(), inHeader("If-Match", "Only if the policy has this ETag"), ofChange},
		RequestBody: jsonBody[wire.Policy](rt),
		Responses:   out{"200": answer[wire.JobPolicy](rt, "The policy", "ETag")},
		Errors:      []int{404, 409, 412, 413, 415},
	}, h.patchJobPolicy)
}
