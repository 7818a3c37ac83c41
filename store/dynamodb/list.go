package dynamodb

import (
	"bytes"
	"context"
	"maps"
	"math"
	"slices"

	"glovebox"
	"glovebox/store/internal/listing"
)

// ListJobs implements glovebox.Jobs. A list is walked along the shortest of those
// that have all that the filter wants, as far as that can be told from the filter:
// open jobs, then those with a label, then the tenant's. What else the filter wants
// is looked for in the jobs.
func (s *Store) ListJobs(ctx context.Context, filter glovebox.JobFilter) (glovebox.JobPage, error) {
	page, err := listing.Parse(filter)
	if err != nil {
		return glovebox.JobPage{}, err
	}
	if err := s.usable(ctx); err != nil {
		return glovebox.JobPage{}, err
	}
	jobs, err := s.walk(ctx, filter, page)
	if err != nil {
		return glovebox.JobPage{}, fault(ctx, err, "listing jobs")
	}
	out := glovebox.JobPage{Jobs: jobs}
	if len(jobs) > page.Limit { // the one past the page tells that there is another
		out.Jobs = jobs[:page.Limit]
		out.Next = listing.Cursor(filter.Tenant, listing.Of(out.Jobs[page.Limit-1]))
	}
	return out, nil
}

// walk returns the jobs of a page and, if there is one, the one after it.
func (s *Store) walk(ctx context.Context, f glovebox.JobFilter, page listing.Page) ([]glovebox.Job, error) {
	lists, err := s.listsOf(ctx, f)
	if err != nil {
		return nil, err
	}
	from, to := bounds(f, page)
	if bytes.Compare(from, to) > 0 {
		return []glovebox.Job{}, nil
	}
	m := s.merge(lists, from, to, page)
	found := []glovebox.Job{}
	for len(found) <= page.Limit {
		places, err := m.next(ctx, clampBatch(page.Limit+1-len(found)))
		if err != nil || len(places) == 0 {
			return found, err
		}
		jobs, err := s.jobsAt(ctx, places)
		if err != nil {
			return nil, err
		}
		for _, job := range jobs {
			if matches(f, job) && len(found) <= page.Limit {
				found = append(found, job)
			}
		}
	}
	return found, nil
}

// clampBatch reads more than is missing, because filters leave some out.
func clampBatch(missing int) int { return min(max(missing, 16), batchOf) }

// listsOf are the partitions of the list that a filter's jobs are all in.
func (s *Store) listsOf(ctx context.Context, f glovebox.JobFilter) ([][]byte, error) {
	var lists [][]byte
	every := f.Tenant == glovebox.AnyTenant
	switch {
	case f.Unfinished || len(f.Statuses) > 0 && !slices.Contains(f.Statuses, glovebox.StatusArchived):
		for shard := range byte(shards) {
			lists = append(lists, []byte{'O', shard})
		}
		return lists, nil
	case len(f.Labels) > 0 && !every:
		k := slices.Min(slices.Collect(maps.Keys(f.Labels)))
		return [][]byte{join('B', f.Tenant, k, f.Labels[k])}, nil
	}
	tenants := []string{f.Tenant}
	if every {
		var err error
		if tenants, err = s.names(ctx, 'T'); err != nil {
			return nil, err
		}
	}
	for _, tenant := range tenants {
		for shard := range byte(shards) {
			lists = append(lists, append(join('L', tenant), shard))
		}
	}
	return lists, nil
}

// bounds are sort keys around the page. A sort key is longer than the time in it,
// so a bare time stands before all jobs of that instant.
func bounds(f glovebox.JobFilter, page listing.Page) (from, to []byte) {
	from, to = number(nil, math.MinInt64), append(number(nil, math.MaxInt64), 255)
	if !f.Since.IsZero() {
		from = nanos(f.Since)
	}
	if !f.Until.IsZero() {
		to = nanos(f.Until)
	}
	if page.After != nil {
		if after := (place{page.After.Created, page.After.ID}).sort(); bytes.Compare(after, to) < 0 {
			to = after
		}
	}
	return from, to
}

func matches(f glovebox.JobFilter, job glovebox.Job) bool {
	for k, v := range f.Labels {
		if has, ok := job.Spec.Labels[k]; !ok || has != v {
			return false
		}
	}
	return (f.Tenant == glovebox.AnyTenant || f.Tenant == job.Tenant) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, job.Status)) &&
		(len(f.Outcomes) == 0 || slices.Contains(f.Outcomes, job.Outcome)) &&
		(!f.Unfinished || job.Status != glovebox.StatusArchived) &&
		(f.Node == "" || f.Node == job.Node) &&
		(f.Since.IsZero() || !job.CreatedAt.Before(f.Since)) &&
		(f.Until.IsZero() || job.CreatedAt.Before(f.Until))
}

// jobsAt reads the jobs at places, in their order; those that have gone since are
// left out.
func (s *Store) jobsAt(ctx context.Context, places []place) ([]glovebox.Job, error) {
	keys := make([]key, len(places))
	for i, p := range places {
		keys[i] = jobKey(p.id)
	}
	found, err := s.getAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	var jobs []glovebox.Job
	for i, p := range places {
		it := found[keys[i].id()]
		if it == nil {
			continue
		}
		job, err := s.parseJob(ctx, p.id, it)
		if err != nil {
			return nil, err
		}
		if job != nil && placeOfJob(job.Job) == p {
			jobs = append(jobs, job.Job)
		}
	}
	return jobs, nil
}
