package memory

import (
	"context"
	"slices"
	"strings"
	"time"

	"glovebox"
	"glovebox/store/internal/listing"
	"glovebox/store/internal/record"
)

// ListJobs implements glovebox.Jobs: everything that matches, sorted, cut.
func (s *Store) ListJobs(ctx context.Context, filter glovebox.JobFilter) (glovebox.JobPage, error) {
	page, err := listing.Parse(filter)
	if err != nil {
		return glovebox.JobPage{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return glovebox.JobPage{}, err
	}
	found := s.pick(func(job glovebox.Job) bool {
		return matches(filter, job) && (page.After == nil || page.After.Before(listing.Of(job)))
	})
	slices.SortFunc(found, func(a, b entry) int {
		if listing.Of(a.job).Before(listing.Of(b.job)) {
			return -1
		}
		return 1 // never equal: ids are unique
	})
	var out glovebox.JobPage
	if len(found) > page.Limit {
		found = found[:page.Limit]
		out.Next = listing.Cursor(filter.Tenant, listing.Of(found[page.Limit-1].job))
	}
	out.Jobs, err = copies(found)
	return out, err
}

// DueJobs implements glovebox.Jobs. Jobs due at one instant come by id.
func (s *Store) DueJobs(ctx context.Context, now time.Time, limit int) ([]glovebox.Job, error) {
	return s.overdue(ctx, now, limit, func(j glovebox.Job) bool { return j.Status != glovebox.StatusArchived })
}

// ExpiredJobs implements glovebox.Jobs, in the same order.
func (s *Store) ExpiredJobs(ctx context.Context, now time.Time, limit int) ([]glovebox.Job, error) {
	return s.overdue(ctx, now, limit, func(j glovebox.Job) bool { return j.Status == glovebox.StatusArchived })
}

func (s *Store) overdue(ctx context.Context, now time.Time, limit int, want func(glovebox.Job) bool) ([]glovebox.Job, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	found := s.pick(func(job glovebox.Job) bool { return !job.Due.IsZero() && !job.Due.After(now) && want(job) })
	slices.SortFunc(found, func(a, b entry) int {
		if c := a.job.Due.Compare(b.job.Due); c != 0 {
			return c
		}
		return strings.Compare(a.job.ID, b.job.ID)
	})
	return copies(found[:max(0, min(limit, len(found)))])
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

func (s *Store) pick(want func(glovebox.Job) bool) []entry {
	var found []entry
	for _, e := range s.jobs {
		if want(e.job) {
			found = append(found, e)
		}
	}
	return found
}

func copies(found []entry) ([]glovebox.Job, error) {
	jobs := make([]glovebox.Job, 0, len(found))
	for _, e := range found {
		job, err := record.ParseJob(e.record)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}
