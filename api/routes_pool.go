package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
)

// poolRoutes adds what is told about sandboxes that wait for jobs. The numbers
// are of all tenants together, so they are not for everybody.
func (h *handler) poolRoutes(rt *router) {
	rt.add(call, identity.ActionPoolRead, huma.Operation{
		OperationID: "getPool", Method: http.MethodGet, Path: "/v1/pool", Tags: []string{"nodes"},
		Summary:     "What nodes have parked for jobs to come",
		Description: "As each node last told, at most some seconds ago. Nodes that are silent are left out. The counts are of all tenants together.",
		Responses:   out{"200": answer[wire.PoolList](rt, "One entry for each node and template")},
	}, h.pool)
}
