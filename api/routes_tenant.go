package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// tenantRoutes adds what is said and set about tenants. Those under /v1/host
// are for root of the machine, at the local socket.
func (h *handler) tenantRoutes(rt *router) {
	rt.add(call, identity.ActionSelfRead, huma.Operation{
		OperationID: "getTenant", Method: http.MethodGet, Path: "/v1/tenant", Tags: []string{"tenants"},
		Summary:   "The caller's tenant, and what its jobs take",
		Responses: out{"200": answer[wire.TenantUsage](rt, "Settings and usage")},
	}, h.tenant)
	rt.add(call, identity.ActionQuotaChange, huma.Operation{
		OperationID: "listHostTenants", Method: http.MethodGet, Path: "/v1/host/tenants", Tags: []string{"host"},
		Summary: "List the tenants that have settings",
		Parameters: in{inQuery("after", "string", "Only those after this id; next of the page before"),
			inQuery("limit", "integer", "Tenants per page, 1 to 1000; default 100")},
		Responses: out{"200": answer[wire.TenantList](rt, "A page, by id")},
		Errors:    []int{413},
	}, h.hostTenants)
	rt.add(call, identity.ActionQuotaChange, huma.Operation{
		OperationID: "getHostTenant", Method: http.MethodGet, Path: "/v1/host/tenants/{id}", Tags: []string{"host"},
		Summary:    "Read a tenant's settings",
		Parameters: in{pathID(), inHeader("If-None-Match", "ETag of what the caller has")},
		Responses:  out{"200": answer[wire.Tenant](rt, "Settings", "ETag"), "304": {Description: "As the caller has it"}},
		Errors:     []int{404},
	}, h.hostTenant)
	rt.add(call, identity.ActionQuotaChange, huma.Operation{
		OperationID: "putHostTenant", Method: http.MethodPut, Path: "/v1/host/tenants/{id}", Tags: []string{"host"},
		Summary:     "Set what a tenant may take",
		Description: "Replaces all settings; what is left out has its default. Needs If-Match or If-None-Match: *.",
		Parameters: in{pathID(), inHeader("If-Match", "ETag of the settings to replace"),
			inHeader("If-None-Match", "* for a tenant that has no settings yet")},
		RequestBody: jsonBody[wire.TenantSettings](rt),
		Responses:   out{"200": answer[wire.Tenant](rt, "Settings", "ETag")},
		Errors:      []int{404, 409, 412, 413, 415},
	}, h.putTenant)
}

// auditRoutes adds the reading of the audit log.
func (h *handler) auditRoutes(rt *router) {
	rt.add(call, identity.ActionAuditRead, huma.Operation{
		OperationID: "listAudit", Method: http.MethodGet, Path: "/v1/audit", Tags: []string{"audit"},
		Summary: "Read the audit log",
		Description: "Events in order of seq, or newest first. Each holds the hash of the one before it, so a page that begins where " +
			"the last one ended shows any change or gap.",
		Parameters: in{
			inQuery("actor", "string", "Who"), inQuery("action", "string", "What, such as job.submit"), inQuery("target", "string", "id of what it was done to"),
			inQuery("since", "string", "At or after, RFC 3339"), inQuery("until", "string", "Before, RFC 3339"),
			inQuery("after", "integer", "Only events with a higher seq; next of the page before"),
			inQuery("before", "integer", "Only events with a lower seq, from 1; next of the page before if the order is desc"),
			inQuery("order", "string", "asc, the default, or desc: newest first, of one tenant"),
			inQuery("limit", "integer", "Events per page, 1 to 1000; default 100"),
			inQuery("tenant", "string", "Of another tenant, or * for all without pages; for root of the machine"),
		},
		Responses: out{"200": answer[wire.AuditPage](rt, "A page")},
		Errors:    []int{413},
	}, h.audit)
}
