package orchestrator

import (
	"context"
	"time"

	"glovebox"
	"glovebox/engine"
)

// watchPoll is how often a watcher looks by itself, for changes that another
// process made.
const watchPoll = 2 * time.Second

// Job returns one of the caller's tenant's jobs.
func (o *Orchestrator) Job(ctx context.Context, p glovebox.Principal, id string) (glovebox.Job, error) {
	return o.Store.Job(ctx, p.Tenant, id)
}

// List returns a page of the caller's tenant's jobs.
func (o *Orchestrator) List(ctx context.Context, p glovebox.Principal, filter glovebox.JobFilter) (glovebox.JobPage, error) {
	filter.Tenant = p.Tenant
	return o.Store.ListJobs(ctx, filter)
}

// Cancel asks for a job to end. The wish is durable when it returns.
func (o *Orchestrator) Cancel(ctx context.Context, p glovebox.Principal, id string) (glovebox.Job, error) {
	job, err := o.Store.Job(ctx, p.Tenant, id)
	if err != nil {
		return glovebox.Job{}, err
	}
	job, err = o.apply(ctx, job, []engine.Event{engine.CancelAsked{By: p.Name}})
	o.queue.add(id) // also after an error: the wish may have been stored
	return job, err
}

// Usage says what a tenant's jobs take.
func (o *Orchestrator) Usage(ctx context.Context, tenant string) (glovebox.TenantUsage, error) {
	kept, err := o.Store.KeptOutput(ctx, tenant)
	if err != nil {
		return glovebox.TenantUsage{}, err
	}
	artifacts, err := o.Store.KeptArtifacts(ctx, tenant)
	if err != nil {
		return glovebox.TenantUsage{}, err
	}
	has := o.fleet.has(tenant)
	return glovebox.TenantUsage{
		ConcurrentJobs: int(has.jobs), QueuedJobs: o.backlog.of(tenant),
		CPUs: float64(has.micros) / 1e6, Memory: has.memory, OutputBytes: kept, ArtifactBytes: artifacts,
	}, nil
}

// Watch returns the job once its version is above after.
func (o *Orchestrator) Watch(ctx context.Context, p glovebox.Principal, id string, after int64) (glovebox.Job, error) {
	poll := time.NewTicker(watchPoll)
	defer poll.Stop()
	for {
		changed, done := o.watchers.watch(id)
		job, err := o.Store.Job(ctx, p.Tenant, id)
		if err != nil || job.Version > after {
			done()
			return job, err
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-ctx.Done():
			done()
			return glovebox.Job{}, ctx.Err()
		}
		done()
	}
}
