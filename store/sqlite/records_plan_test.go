package sqlite

import (
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/store/internal/listing"
)

// TestOutcomePlans: lists by outcome seek too, and several outcomes are merged
// rather than sorted.
func TestOutcomePlans(t *testing.T) {
	s := openTest(t, tempPath(t))
	after := &listing.Position{Created: 1, ID: "x"}
	one := []glovebox.Status{glovebox.StatusFailed}
	three := []glovebox.Status{glovebox.StatusFailed, glovebox.StatusCompleted, glovebox.StatusCancelled}
	for _, c := range []struct {
		filter glovebox.JobFilter
		want   string
		times  int
	}{
		{glovebox.JobFilter{Tenant: "a", Outcomes: one}, "jobs_by_tenant_outcome (tenant=? AND outcome=? AND (created,id)<(?,?))", 1},
		{glovebox.JobFilter{Tenant: "a", Outcomes: three}, "jobs_by_tenant_outcome (tenant=? AND outcome=? AND (created,id)<(?,?))", 3},
		{glovebox.JobFilter{Tenant: "*", Outcomes: one}, "jobs_by_outcome (outcome=? AND (created,id)<(?,?))", 1},
		{glovebox.JobFilter{Tenant: "*", Outcomes: three}, "jobs_by_outcome (outcome=? AND (created,id)<(?,?))", 3},
		{glovebox.JobFilter{Tenant: "a", Outcomes: one, Unfinished: true}, "jobs_open_by_tenant (tenant=? AND (created,id)<(?,?))", 1},
	} {
		q := listQuery(c.filter, listing.Page{Limit: 10, After: after}, walkOf(c.filter))
		plan := explain(t, s, q.text(), q.args...)
		if strings.Count(plan, c.want) != c.times || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%+v:\n%s\nwant %d times %s and no sorting", c.filter, plan, c.times, c.want)
		}
	}
}

// TestRecordPlans: so do those of documents and events.
func TestRecordPlans(t *testing.T) {
	s := openTest(t, tempPath(t))
	audit := func(f glovebox.AuditFilter) string {
		text, args := auditQuery(f, 10)
		return explain(t, s, text, args...)
	}
	at := time.Unix(1, 0)
	for want, plans := range map[string][]string{
		"records_by_key (kind=? AND key>? AND key<?)": {
			explain(t, s, selectRecords, "k", "a", "b", 1), explain(t, s, selectRecordsFrom, "k", "a", "b", 1)},
		"records_by_key (kind=? AND key=?)":                 {explain(t, s, selectRecord, "k", "a")},
		"records_by_expiry (expires>? AND expires<?)":       {explain(t, s, purgeRecords, 1, 1)},
		"audit_by_tenant (tenant=? AND seq>?)":              {audit(glovebox.AuditFilter{Tenant: "a", Since: at, Until: at}), audit(glovebox.AuditFilter{Tenant: "a", Newest: true})},
		"audit_by_action (tenant=? AND action=? AND seq>?)": {audit(glovebox.AuditFilter{Tenant: "a", Action: "x", After: 1})},
		"audit_by_actor (tenant=? AND actor=? AND seq>?)":   {audit(glovebox.AuditFilter{Tenant: "a", Actor: "x", Action: "x"})},
		"audit_by_target (tenant=? AND target=? AND seq>?)": {
			audit(glovebox.AuditFilter{Tenant: "a", Actor: "x", Action: "x", Target: "x"})},
		"audit_by_tenant (tenant=? AND seq>? AND seq<?)": {
			audit(glovebox.AuditFilter{Tenant: "a", Newest: true, Before: 9}), audit(glovebox.AuditFilter{Tenant: "a", Before: 9})},
		"audit_by_action (tenant=? AND action=? AND seq>? AND seq<?)": {audit(glovebox.AuditFilter{Tenant: "a", Action: "x", Newest: true, Before: 9})},
		"audit_by_actor (tenant=? AND actor=? AND seq>? AND seq<?)":   {audit(glovebox.AuditFilter{Tenant: "a", Actor: "x", Newest: true, Before: 9})},
		"audit_by_target (tenant=? AND target=? AND seq>? AND seq<?)": {audit(glovebox.AuditFilter{Tenant: "a", Target: "x", Newest: true, Before: 9})},
		"SCAN audit USING INDEX audit_by_tenant":                      {audit(glovebox.AuditFilter{Tenant: "*"})},
		"audit_by_tenant (tenant=?)":                                  {explain(t, s, selectLastEvent, "a")},
	} {
		for _, plan := range plans {
			if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("%s\nwant %s and no sorting", plan, want)
			}
		}
	}
}
