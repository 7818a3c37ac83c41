package orchestrator

import (
	"context"
	"slices"
	"time"

	"glovebox"
	"glovebox/engine"
)

const (
	sweepEvery = 500 * time.Millisecond
	sweepBatch = 500

	// auditEvery is how often the jobs that take room here are looked at, in
	// case another process has ended them.
	auditEvery = 30 * time.Second
)

// recover reads every unfinished job, gives it its place in the fleet or in
// line, and tells the provider of what should exist. If the store cannot be
// read, nothing is known and nothing may be done.
func (o *Orchestrator) recover(ctx context.Context) error {
	var waiting []glovebox.Job
	filter := glovebox.JobFilter{Tenant: glovebox.AnyTenant, Unfinished: true, Limit: 1000}
	for {
		page, err := o.Store.ListJobs(ctx, filter)
		if err != nil {
			return err
		}
		for _, job := range page.Jobs {
			o.backlog.note(job)
			switch {
			case engine.Clearing(job):
				o.fleet.adopt(job)
			case job.Status == glovebox.StatusPending:
				waiting = append(waiting, job)
			case holds(job):
				o.fleet.adopt(job)
				if err := o.named(ctx, job); err != nil {
					return err
				}
			}
			o.queue.add(job.ID)
		}
		if filter.Cursor = page.Next; filter.Cursor == "" {
			break
		}
	}
	return o.lineUp(ctx, waiting)
}

// lineUp gives jobs their places in line, as they came; no node is known yet.
func (o *Orchestrator) lineUp(ctx context.Context, waiting []glovebox.Job) error {
	slices.SortFunc(waiting, func(a, b glovebox.Job) int { return a.CreatedAt.Compare(b.CreatedAt) })
	may := map[string]allowance{}
	for _, job := range waiting {
		if job.Image.Digest == "" || engine.PlaceFrom(job).After(o.Now()) {
			continue
		}
		if _, ok := may[job.Tenant]; !ok {
			tenant, err := o.Tenants.Tenant(ctx, job.Tenant)
			if err != nil {
				return err
			}
			if may[job.Tenant], err = o.allowance(ctx, job.Tenant, tenant.Quota); err != nil {
				return err
			}
		}
		if _, _, err := o.place(ctx, job, may[job.Tenant]); err != nil {
			return err
		}
	}
	return nil
}

// named makes the provider know a job before nodes are answered. That the job
// itself cannot be run any more is for its worker to say; any other failure
// means that the list is not whole.
func (o *Orchestrator) named(ctx context.Context, job glovebox.Job) error {
	if !slices.Contains(engine.Todo(job), engine.Make) {
		return nil
	}
	_, err := o.make(ctx, job)
	return err
}

// sweep looks for jobs that are due, whatever else was forgotten.
func (o *Orchestrator) sweep(ctx context.Context) {
	tick, audit := time.NewTicker(sweepEvery), time.NewTicker(auditEvery)
	defer tick.Stop()
	defer audit.Stop()
	began := o.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-audit.C:
			o.kick(o.fleet.known())
			continue
		case <-tick.C:
		}
		o.lookAgain(ctx)
		now := o.Now()
		due, err := o.Store.DueJobs(ctx, now, sweepBatch)
		if err != nil {
			if ctx.Err() == nil {
				o.Log.Warn("the sweep could not read the store", "err", err)
			}
			continue
		}
		for _, job := range due {
			if job.Lease.Holder != o.Holder && job.Lease.Until.After(now) {
				continue // another process is at it
			}
			if job.Attempt > 0 && job.Status != glovebox.StatusPending && !job.Status.Ended() && now.Sub(began) < engine.LateStop {
				continue // its time may have passed while we were away: its node tells how it ended
			}
			o.tell(job.ID, engine.Tick{})
		}
	}
}
