package sqlite

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"glovebox"
	"glovebox/store/internal/listing"
	"glovebox/store/internal/record"
)

// ListJobs implements glovebox.Jobs.
func (s *Store) ListJobs(ctx context.Context, filter glovebox.JobFilter) (glovebox.JobPage, error) {
	page, err := listing.Parse(filter)
	if err != nil {
		return glovebox.JobPage{}, err
	}
	way, err := s.rarest(ctx, filter, page)
	if err != nil {
		return glovebox.JobPage{}, readFault(ctx, err, "listing jobs")
	}
	q := listQuery(filter, page, way)
	rows, err := s.readers.QueryContext(ctx, q.text(), q.args...)
	if err != nil {
		return glovebox.JobPage{}, readFault(ctx, err, "listing jobs")
	}
	var created, id sql.RawBytes // for the order alone
	jobs, err := collect(rows, record.ParseJob, &created, &id)
	if err != nil {
		return glovebox.JobPage{}, readFault(ctx, err, "listing jobs")
	}
	out := glovebox.JobPage{Jobs: jobs}
	if len(jobs) > page.Limit {
		out.Jobs = jobs[:page.Limit]
		out.Next = listing.Cursor(filter.Tenant, listing.Of(out.Jobs[page.Limit-1]))
	}
	return out, nil
}

// listQuery asks for the job one past the page too, which tells whether there
// is a next one. A list of several outcomes is one list for each, merged.
func listQuery(f glovebox.JobFilter, page listing.Page, way walk) *query {
	f.Outcomes = slices.Compact(slices.Sorted(slices.Values(f.Outcomes)))
	q := &query{}
	if way.by == byOutcome && len(f.Outcomes) > 1 {
		for _, outcome := range f.Outcomes {
			part := f
			part.Outcomes = []glovebox.Status{outcome}
			q.union = append(q.union, walkQuery(part, page, way))
			q.args = append(q.args, q.union[len(q.union)-1].args...)
		}
	} else {
		q = walkQuery(f, page, way)
	}
	q.args = append(q.args, page.Limit+1)
	return q
}

// walkQuery is a walk along one index, without its LIMIT.
func walkQuery(f glovebox.JobFilter, page listing.Page, way walk) *query {
	keys := slices.Sorted(maps.Keys(f.Labels))
	q := &query{place: "j", from: "jobs j INDEXED BY " + listIndex(f, way.by)}
	switch way.by {
	case byLabel:
		q.place, q.from = "l", "job_labels l CROSS JOIN jobs j ON j.id = l.job"
		q.and("l.tenant = ? AND l.key = ? AND l.value = ?", f.Tenant, way.label, f.Labels[way.label])
		keys = slices.DeleteFunc(keys, func(k string) bool { return k == way.label })
	case byOutcome: // in so many words, or the partial indexes do not apply
		q.and("j.outcome <> ''")
	case amongOpen: // likewise
		q.and("j.status <> 'ARCHIVED'")
	}
	if f.Tenant != glovebox.AnyTenant {
		q.and("j.tenant = ?", f.Tenant)
	}
	if f.Node != "" {
		q.and("j.node = ? AND j.node <> ''", f.Node)
	}
	if len(f.Statuses) > 0 {
		andIn(q, "j.status", f.Statuses)
	}
	if len(f.Outcomes) > 0 {
		andIn(q, "j.outcome", f.Outcomes)
	}
	for _, k := range keys {
		q.and(`EXISTS (SELECT 1 FROM job_labels x WHERE x.tenant = j.tenant AND x.key = ? AND x.value = ?
			AND x.created = j.created AND x.job = j.id)`, k, f.Labels[k])
	}
	q.bounds(f, page)
	return q
}

// listIndex picks the index that a list walks. SQLite is told, not asked: it
// has no statistics, and a wrong guess shows only once the table is large.
func listIndex(f glovebox.JobFilter, way index) string {
	every := f.Tenant == glovebox.AnyTenant
	switch {
	case way == amongOpen && f.Node != "":
		return "jobs_open_by_node"
	case way == amongOpen && every:
		return "jobs_open"
	case way == amongOpen:
		return "jobs_open_by_tenant"
	case way == byOutcome && every:
		return "jobs_by_outcome"
	case way == byOutcome:
		return "jobs_by_tenant_outcome"
	case every:
		return "jobs_by_time"
	}
	return "jobs_by_tenant"
}
