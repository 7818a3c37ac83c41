package sqlite

import (
	"context"
	"maps"
	"slices"
	"strings"

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
	q := listQuery(filter, page)
	rows, err := s.readers.QueryContext(ctx, q.text(), q.args...)
	if err != nil {
		return glovebox.JobPage{}, readFault(ctx, err, "listing jobs")
	}
	jobs, err := collect(rows, record.ParseJob)
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

// query is a SELECT in the making. place is the table whose index is walked
// and so says where a job stands in the list: "j" or, for a search by label,
// "l".
type query struct {
	from  string
	place string
	where []string
	args  []any
}

func (q *query) and(condition string, args ...any) {
	q.where = append(q.where, condition)
	q.args = append(q.args, args...)
}

// text asks for the job one past the page too, which tells whether there is a
// next one. Its LIMIT is the last argument.
func (q *query) text() string {
	id := q.place + ".id"
	if q.place == "l" {
		id = "l.job"
	}
	where := ""
	if len(q.where) > 0 {
		where = " WHERE " + strings.Join(q.where, " AND ")
	}
	return "SELECT j.body FROM " + q.from + where +
		" ORDER BY " + q.place + ".created DESC, " + id + " DESC LIMIT ?"
}

func listQuery(f glovebox.JobFilter, page listing.Page) *query {
	q := &query{place: "j"}
	keys := slices.Sorted(maps.Keys(f.Labels))
	open := f.Unfinished || len(f.Statuses) > 0 && !slices.Contains(f.Statuses, glovebox.StatusArchived)
	if len(keys) > 0 && !open && f.Tenant != glovebox.AnyTenant {
		q.place, q.from = "l", "job_labels l CROSS JOIN jobs j ON j.id = l.job"
		q.and("l.tenant = ? AND l.key = ? AND l.value = ?", f.Tenant, keys[0], f.Labels[keys[0]])
		keys = keys[1:]
	} else {
		q.from = "jobs j INDEXED BY " + listIndex(f, open)
	}
	if open {
		q.and("j.status <> 'ARCHIVED'") // in so many words, or the partial indexes do not apply
	}
	if f.Tenant != glovebox.AnyTenant {
		q.and("j.tenant = ?", f.Tenant)
	}
	if f.Node != "" {
		q.and("j.node = ? AND j.node <> ''", f.Node)
	}
	if len(f.Statuses) > 0 {
		q.and("j.status IN (?" + strings.Repeat(", ?", len(f.Statuses)-1) + ")")
		for _, s := range f.Statuses {
			q.args = append(q.args, string(s))
		}
	}
	for _, k := range keys {
		q.and(`EXISTS (SELECT 1 FROM job_labels x WHERE x.tenant = j.tenant AND x.key = ? AND x.value = ?
			AND x.created = j.created AND x.job = j.id)`, k, f.Labels[k])
	}
	q.bounds(f, page)
	q.args = append(q.args, page.Limit+1)
	return q
}

// listIndex picks the index that a list walks. SQLite is told, not asked: it
// has no statistics, and a wrong guess shows only once the table is large.
func listIndex(f glovebox.JobFilter, open bool) string {
	switch {
	case open && f.Node != "":
		return "jobs_open_by_node"
	case open && f.Tenant == glovebox.AnyTenant:
		return "jobs_open"
	case open:
		return "jobs_open_by_tenant"
	case f.Tenant == glovebox.AnyTenant:
		return "jobs_by_time"
	}
	return "jobs_by_tenant"
}

// bounds gives the walk one beginning and one end. With two upper bounds it
// would begin at one of them and skip row by row to the other.
func (q *query) bounds(f glovebox.JobFilter, page listing.Page) {
	if !f.Since.IsZero() {
		q.and(q.place+".created >= ?", record.Nanos(f.Since))
	}
	switch {
	case page.After != nil && (f.Until.IsZero() || page.After.Created < record.Nanos(f.Until)):
		place := "(j.created, j.id)"
		if q.place == "l" {
			place = "(l.created, l.job)"
		}
		q.and(place+" < (?, ?)", page.After.Created, page.After.ID)
	case !f.Until.IsZero():
		q.and(q.place+".created < ?", record.Nanos(f.Until))
	}
}
