package orchestrator

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"glovebox"
)

// Reaper removes what exists outside and belongs to no live job: the leftovers
// of whatever nobody thought of. It lists what the provider owns by label, and
// removes what no job's ledger accounts for once it has seen it so for a grace
// period. A read that fails, of the store or of the provider, and a store that
// knows no job at all, end the round without removing anything.
type Reaper struct {
	Store    glovebox.Store
	Provider glovebox.Provider
	Log      *slog.Logger
	Grace    time.Duration // from the first sight of an orphan to its removal
	DryRun   bool          // only say what would be removed

	seen map[string]time.Time // orphans of the last round, and since when
}

// Round looks once and returns the orphans it found due; they are removed
// unless DryRun.
func (r *Reaper) Round(ctx context.Context, now time.Time) ([]glovebox.Resource, error) {
	owned, err := r.Provider.Owned(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.notEmpty(ctx); err != nil && len(owned) > 0 {
		return nil, err
	}
	orphans := map[string]time.Time{}
	var due []glovebox.Resource
	for _, res := range owned {
		live, err := r.live(ctx, res)
		if err != nil {
			return nil, err
		}
		if live {
			continue
		}
		key := res.Kind + "/" + res.Node + "/" + res.Name
		since, ok := r.seen[key]
		if !ok {
			since = now
		}
		orphans[key] = since
		if now.Sub(since) >= r.Grace {
			due = append(due, res)
		}
	}
	r.seen = orphans
	return due, r.remove(ctx, due)
}

// notEmpty refuses to believe a store without any job: it is more likely the
// wrong one than that everything out there is an orphan.
func (r *Reaper) notEmpty(ctx context.Context) error {
	page, err := r.Store.ListJobs(ctx, glovebox.JobFilter{Tenant: glovebox.AnyTenant, Limit: 1})
	if err == nil && len(page.Jobs) == 0 {
		return glovebox.Errorf(glovebox.KindUnavailable, "the store knows no job at all, so no orphan is removed")
	}
	return err
}

// live says whether a job's ledger accounts for res.
func (r *Reaper) live(ctx context.Context, res glovebox.Resource) (bool, error) {
	job, err := r.Store.Job(ctx, glovebox.AnyTenant, res.Job)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(job.Ledger, func(l glovebox.Resource) bool {
		return l.Kind == res.Kind && l.Name == res.Name && l.State != glovebox.ResourceGone
	}), nil
}

// remove tries all of them: one that cannot be removed holds up no other.
func (r *Reaper) remove(ctx context.Context, due []glovebox.Resource) error {
	var failed error
	for _, res := range due {
		r.Log.Warn("an orphan is removed", "kind", res.Kind, "name", res.Name, "node", res.Node, "dry_run", r.DryRun)
		if r.DryRun {
			continue
		}
		if _, err := r.Provider.Remove(ctx, glovebox.Job{ID: res.Job}, res); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
