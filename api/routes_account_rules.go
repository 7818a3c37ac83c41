package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// ruleRoutes adds which workloads a tenant lets in.
func (h *handler) ruleRoutes(rt *router) {
	rt.add(call, identity.ActionRuleRead, huma.Operation{
		OperationID: "listRules", Method: http.MethodGet, Path: "/v1/rules", Tags: []string{"rules"},
		Summary:   "List the tenant's trust rules",
		Responses: out{"200": answer[wire.RuleList](rt, "All")},
	}, h.rules)
	rt.add(call, identity.ActionRuleWrite, huma.Operation{
		OperationID: "writeRule", Method: http.MethodPost, Path: "/v1/rules", Tags: []string{"rules"},
		Summary: "Let workloads in that an issuer vouches for",
		Description: "A rule pins exact claims; one that would let in more than it says is refused. Rules are never changed, only removed " +
			"and written anew.",
		RequestBody: jsonBody[wire.RuleRequest](rt),
		Responses:   out{"201": answer[wire.Rule](rt, "The rule")},
		Errors:      signable,
	}, h.writeRule)
	rt.add(call, identity.ActionRuleRemove, huma.Operation{
		OperationID: "removeRule", Method: http.MethodPost, Path: "/v1/rules/{id}/remove", Tags: []string{"rules"},
		Summary:     "Remove a trust rule, and the sessions it gave",
		Parameters:  in{inPath("id", "Of the rule")},
		RequestBody: jsonBody[wire.SignedRequest](rt),
		Responses:   nothing("It is gone"),
		Errors:      append([]int{http.StatusPreconditionFailed}, signable...),
	}, h.removeRule)
}

// hostRoutes adds what root of the machine does about people, at the local
// socket.
func (h *handler) hostRoutes(rt *router) {
	rt.add(call, identity.ActionHostLink, huma.Operation{
		OperationID: "listHostPeople", Method: http.MethodGet, Path: "/v1/host/people", Tags: []string{"host"},
		Summary:   "List the people of all tenants",
		Responses: out{"200": answer[wire.PersonList](rt, "All, the disabled ones too")},
	}, h.hostPeople)
	rt.add(call, identity.ActionHostLink, huma.Operation{
		OperationID: "makeHostLink", Method: http.MethodPost, Path: "/v1/host/links", Tags: []string{"host"},
		Summary:     "Make the link of a first admin, or of who lost all passkeys",
		Description: "The link works once, for 15 minutes; a first admin's while there is none.",
		RequestBody: jsonBody[wire.HostLinkRequest](rt),
		Responses:   out{"201": answer[wire.HostLink](rt, "The link")},
		Errors:      signable,
	}, h.hostLink, secret)
}
