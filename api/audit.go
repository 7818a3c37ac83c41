package api

import (
	"math"
	"net/http"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
)

// audit answers with a page of the audit log of the caller's tenant, from either
// end; root of the machine may name another one, or "*" for all.
func (h *handler) audit(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"actor", "action", "target", "since", "until", "after", "before", "order", "limit", "tenant"})
	limit := int(q.number("limit", 100, 1, 1000))
	filter := glovebox.AuditFilter{
		Tenant: principal(r).Tenant, Actor: q.text("actor"), Action: q.text("action"), Target: q.text("target"),
		Since: q.moment("since"), Until: q.moment("until"), After: q.number("after", 0, 0, math.MaxInt64),
		Before: q.number("before", 0, 1, math.MaxInt64), Newest: q.oneOf("order", "asc", "desc") == "desc", Limit: limit,
	}
	for _, name := range []string{"actor", "action", "target"} {
		if len(q.text(name)) > 512 {
			q.fail(glovebox.Errorf(glovebox.KindTooLarge, "more than 512 bytes").On(name))
		}
	}
	tenant := q.text("tenant")
	if tenant != "" && tenant != glovebox.AnyTenant && !plainID(tenant) {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "not a tenant's id").On("tenant"))
	}
	if tenant == glovebox.AnyTenant && filter.Newest {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "only one tenant's events have a newest").On("order").Try("name one tenant, or leave order out"))
	}
	if err := q.err(); err != nil {
		return err
	}
	if tenant != "" && tenant != filter.Tenant {
		if err := h.Allow(r.Context(), callerOf(r), identity.ActionQuotaChange, tenant); err != nil {
			return err
		}
		filter.Tenant = tenant
	}
	events, err := h.Audit.AuditEvents(r.Context(), filter)
	if err != nil {
		return err
	}
	page := wire.AuditPage{Events: make([]wire.AuditEvent, len(events))}
	for i, e := range events {
		page.Events[i] = wire.AuditEvent(e)
	}
	if len(events) == limit && filter.Tenant != glovebox.AnyTenant {
		page.Next = events[limit-1].Seq
	}
	return writeJSON(w, http.StatusOK, page)
}
