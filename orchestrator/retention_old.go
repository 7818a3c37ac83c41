package orchestrator

import (
	"context"
	"time"

	"glovebox"
	"glovebox/engine"
)

// The document that says that every archived job has a time until which it is
// kept. It spares a walk through all jobs at each start.
const (
	retentionKind = "retention"
	retentionDone = "dated"
)

const (
	datePage  = 100
	datePause = 100 * time.Millisecond
	dateAgain = time.Minute // after an error
)

// DateOld gives the jobs that were archived by a version that kept everything
// for ever a time until which they are kept: it counts from now on, so that an
// upgrade deletes nothing at once. It returns when it is done, or ctx ends.
func (o *Orchestrator) DateOld(ctx context.Context) {
	for {
		err := o.dateAll(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		o.Log.Warn("older jobs could not be given a time until which they are kept; it is tried again", "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(dateAgain):
		}
	}
}

func (o *Orchestrator) dateAll(ctx context.Context) error {
	_, err := o.Store.Record(ctx, retentionKind, retentionDone)
	if glovebox.KindOf(err) != glovebox.KindNotFound {
		return err
	}
	filter := glovebox.JobFilter{Tenant: glovebox.AnyTenant, Statuses: []glovebox.Status{glovebox.StatusArchived}, Limit: datePage}
	for {
		page, err := o.Store.ListJobs(ctx, filter)
		if err != nil {
			return err
		}
		changed := false
		for _, job := range page.Jobs {
			if job.Due.IsZero() {
				if err := o.date(ctx, job); err != nil {
					return err
				}
				changed = true
			}
		}
		if filter.Cursor = page.Next; filter.Cursor == "" {
			break
		}
		if changed {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(datePause):
			}
		}
	}
	done := glovebox.Write{Kind: retentionKind, Key: retentionDone, Value: []byte("{}"), If: glovebox.IfAny, Lazy: true}
	return o.Store.Commit(ctx, []glovebox.Write{done})
}

// date gives one job its time. What its tenant has now counts.
func (o *Orchestrator) date(ctx context.Context, job glovebox.Job) error {
	tenant, err := o.Tenants.Tenant(ctx, job.Tenant)
	if err != nil {
		return err
	}
	if job.Retention == 0 {
		if job.Retention, err = kept(glovebox.Spec{}, tenant); err != nil {
			return err
		}
	}
	next, changed, err := engine.Step(job, engine.Tick{}, o.Now())
	if err != nil || !changed {
		return err
	}
	_, err = o.Store.UpdateJob(ctx, next, glovebox.Lazy)
	switch glovebox.KindOf(err) {
	case glovebox.KindStale, glovebox.KindNotFound: // somebody else has dated or deleted it
		return nil
	}
	return err
}
