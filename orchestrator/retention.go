package orchestrator

import (
	"context"
	"strconv"
	"sync"
	"time"

	"glovebox"
	"glovebox/engine"
)

// How fast jobs are forgotten: so many at a time, with a pause after each
// batch, so that a hundred thousand that are due at once do not slow the
// acceptance of new ones. Those of a batch share syncs with whatever else is
// written. While nothing is due, the list is read at longer intervals.
const (
	forgetBatch = 25
	forgetPause = 100 * time.Millisecond
	forgetEvery = 5 * time.Second
)

// retain forgets archived jobs whose time is over. It keeps nothing in memory:
// what was begun and not ended, by this process or another, is found again.
func (o *Orchestrator) retain(ctx context.Context) {
	for pause := forgetPause; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = forgetEvery
		expired, err := o.Store.ExpiredJobs(ctx, o.Now(), forgetBatch)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			o.Log.Warn("what is to be forgotten could not be read", "err", err)
		case len(expired) > 0 && o.forgetAll(ctx, expired):
			pause = forgetPause
		}
	}
}

// forgetAll forgets some jobs at the same time, and says whether any is gone.
func (o *Orchestrator) forgetAll(ctx context.Context, expired []glovebox.Job) (some bool) {
	gone := make([]bool, len(expired))
	var all sync.WaitGroup
	for i, job := range expired {
		all.Go(func() {
			if !engine.ForgetNow(job, o.Now()) {
				return
			}
			err := o.erase(ctx, job, byTime(job, o.Now()))
			if gone[i] = err == nil; err != nil && ctx.Err() == nil {
				o.Log.Warn("a job could not be forgotten, and is tried again", "job", job.ID, "err", err)
			}
		})
	}
	all.Wait()
	for _, ok := range gone {
		some = some || ok
	}
	return some
}

// erase removes all that is kept of an archived job, and last the job: as long
// as it is there, the rest is found by it. Repeating it is fine at any point.
func (o *Orchestrator) erase(ctx context.Context, job glovebox.Job, event glovebox.AuditEvent) error {
	if err := o.Output.Forget(ctx, job.ID); err != nil {
		return err
	}
	err := o.Store.DeleteJob(ctx, job.Tenant, job.ID, job.Version, event)
	if err != nil && glovebox.KindOf(err) != glovebox.KindNotFound { // another process was faster
		return err
	}
	o.watchers.notify(job.ID)
	return nil
}

// Delete forgets an archived job at once, if it is still at that version.
// KindNotFound, KindStale; KindConflict if it is not archived.
func (o *Orchestrator) Delete(ctx context.Context, p glovebox.Principal, id string, version int64) error {
	job, err := o.Store.Job(ctx, p.Tenant, id)
	switch {
	case err != nil:
		return err
	case job.Version != version:
		return glovebox.Errorf(glovebox.KindStale, "the job has changed").On("If-Match").Try("read it again")
	case job.Status != glovebox.StatusArchived:
		return glovebox.Errorf(glovebox.KindConflict, "the job is %s, and only what is ARCHIVED can be deleted", job.Status).
			Try("cancel it, and delete it when it is archived")
	}
	now := o.Now()
	return o.erase(ctx, job, deleted(job, p.Name, now, map[string]string{"cause": "asked"}))
}

// byTime is the event of a job whose time is over.
func byTime(job glovebox.Job, now time.Time) glovebox.AuditEvent {
	return deleted(job, "", now, map[string]string{"cause": "retention", "archivedAt": job.ArchivedAt.UTC().Format(time.RFC3339)})
}

func deleted(job glovebox.Job, by string, now time.Time, detail map[string]string) glovebox.AuditEvent {
	detail["outcome"], detail["bytes"] = string(job.Outcome), strconv.FormatInt(job.Output.Stdout+job.Output.Stderr, 10)
	return glovebox.AuditEvent{Tenant: job.Tenant, At: now, Actor: by, Action: "job.delete", Target: job.ID, OK: true, Detail: detail}
}

// kept is how long a job is kept once it is archived: what it asks for, if that
// is not more than its tenant has. KindInvalid on "retention".
func kept(spec glovebox.Spec, t glovebox.Tenant) (glovebox.Duration, error) {
	most := t.Retention
	if most == 0 {
		most = glovebox.Duration(glovebox.DefaultRetention)
	}
	switch {
	case spec.Retention == 0:
		return most, nil
	case spec.Retention > most:
		return 0, glovebox.Errorf(glovebox.KindInvalid, "the tenant keeps jobs for %s", time.Duration(most)).On("retention").
			Try("ask for at most that, or leave it out")
	}
	return spec.Retention, nil
}
