package sqlite

import (
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/store/internal/listing"
)

// TestPlans: every list seeks to where its page begins in an index that has
// the list's order, so it costs what the page costs. A plan that sorts or scans
// would show only in a large table.
func TestPlans(t *testing.T) {
	s := openTest(t, tempPath(t))
	at := time.Unix(1000, 0)
	after := &listing.Position{Created: 1, ID: "x"}
	running := []glovebox.Status{glovebox.StatusRunning}
	labels := map[string]string{"a": "1", "b": "2"}
	for _, c := range []struct {
		name   string
		filter glovebox.JobFilter
		after  *listing.Position
		want   string
	}{
		{"tenant", glovebox.JobFilter{Tenant: "a"}, nil, "jobs_by_tenant (tenant=?)"},
		{"tenant, next page", glovebox.JobFilter{Tenant: "a"}, after, "jobs_by_tenant (tenant=? AND (created,id)<(?,?))"},
		{"tenant, until", glovebox.JobFilter{Tenant: "a", Until: at}, nil, "jobs_by_tenant (tenant=? AND created<?)"},
		{"tenant, since, next page", glovebox.JobFilter{Tenant: "a", Since: at}, after, "jobs_by_tenant (tenant=? AND "},
		{"all", glovebox.JobFilter{Tenant: "*"}, after, "jobs_by_time ((created,id)<(?,?))"},
		{"open", glovebox.JobFilter{Tenant: "a", Unfinished: true}, after, "jobs_open_by_tenant (tenant=? AND (created,id)<(?,?))"},
		{"running", glovebox.JobFilter{Tenant: "a", Statuses: running}, nil, "jobs_open_by_tenant (tenant=?)"},
		{"all open", glovebox.JobFilter{Tenant: "*", Unfinished: true}, after, "jobs_open ((created,id)<(?,?))"},
		{"node", glovebox.JobFilter{Tenant: "*", Node: "n", Unfinished: true}, after, "jobs_open_by_node (node=? AND (created,id)<(?,?))"},
		{"label", glovebox.JobFilter{Tenant: "a", Labels: labels}, after, "PRIMARY KEY (tenant=? AND key=? AND value=? AND (created,job)<(?,?))"},
		{"open with label", glovebox.JobFilter{Tenant: "a", Labels: labels, Unfinished: true}, after, "jobs_open_by_tenant (tenant=? AND (created,id)<(?,?))"},
	} {
		q := listQuery(c.filter, listing.Page{Limit: 10, After: c.after}, walkOf(c.filter))
		plan := explain(t, s, q.text(), q.args...)
		if !strings.Contains(plan, c.want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s:\n%s\nwant %s and no sorting", c.name, plan, c.want)
		}
	}
	failed := glovebox.JobFilter{Tenant: "a", Labels: labels, Outcomes: []glovebox.Status{glovebox.StatusFailed}}
	for way, want := range map[walk]string{
		{byLabel, "a"}:  "PRIMARY KEY (tenant=? AND key=? AND value=? AND (created,job)<(?,?))",
		{by: byOutcome}: "COVERING INDEX jobs_by_tenant_outcome (tenant=? AND outcome=? AND (created,id)<(?,?))",
	} {
		q := probe(failed, listing.Page{Limit: 10, After: after}, way)
		if plan := explain(t, s, q.count(), q.args...); !strings.Contains(plan, want) {
			t.Errorf("probe of %v:\n%s\nwant %s", way, plan, want)
		}
	}
	plan := explain(t, s, selectDue, 1, 1)
	if !strings.Contains(plan, "jobs_due (due>? AND due<?)") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("due: %s", plan)
	}
	plan = explain(t, s, selectExpired, 1, 1)
	if !strings.Contains(plan, "jobs_expiring (due>? AND due<?)") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("expired: %s", plan)
	}
}

func explain(t *testing.T, s *Store, text string, args ...any) string {
	t.Helper()
	rows, err := s.readers.QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	return strings.Join(plan, "\n")
}
