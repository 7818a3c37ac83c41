package orchestrator

import (
	"context"

	"glovebox"
	"glovebox/engine"
)

// Abandon ends the jobs that run, because the service stops and their sandboxes
// with it: they get an end now, which says so, instead of
// one that the next start has to guess. It returns how many there were. Jobs
// that have not started wait for that start.
func (o *Orchestrator) Abandon(ctx context.Context) (int, error) {
	filter := glovebox.JobFilter{Tenant: glovebox.AnyTenant, Statuses: []glovebox.Status{glovebox.StatusRunning}, Limit: 1000}
	for n := 0; ; {
		page, err := o.Store.ListJobs(ctx, filter)
		if err != nil {
			return n, err
		}
		for _, job := range page.Jobs {
			o.tell(job.ID, engine.Abandoned{})
			n++
		}
		if filter.Cursor = page.Next; filter.Cursor == "" {
			return n, nil
		}
	}
}
