package orchestrator

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"glovebox"
)

// refusalEvery is how often refusals of one kind are written down for a tenant,
// so that a flood of requests cannot fill the audit log.
const refusalEvery = time.Second

// refusals decides which refusals are written down.
type refusals struct {
	mu   sync.Mutex
	last map[refusalOf]refusal
}

type refusalOf struct {
	tenant string
	kind   glovebox.Kind
}

// refusal is the last one that was written down, and how many were not since.
type refusal struct {
	at         time.Time
	suppressed int
}

func newRefusals() *refusals { return &refusals{last: map[refusalOf]refusal{}} }

// tell says whether one more is to be written down now, and how many were not
// since the last.
func (r *refusals) tell(tenant string, kind glovebox.Kind, now time.Time) (suppressed int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := refusalOf{tenant, kind}
	last, known := r.last[of]
	if known && now.Sub(last.at) < refusalEvery && !now.Before(last.at) {
		last.suppressed++
		r.last[of] = last
		return 0, false
	}
	r.last[of] = refusal{at: now}
	return last.suppressed, true
}

// denied is a refusal by quota or policy. Other errors are about a mistake in
// the request, or nobody's fault.
type denied struct{ error }

// Unwrap returns the error that the caller is to see.
func (d denied) Unwrap() error { return d.error }

// refuse is the answer to a request that cannot be had for some reason: what
// was accepted before is given again, and a refusal is written down. A log that
// cannot be written changes nothing about the answer, since nothing was done.
func (o *Orchestrator) refuse(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, key *glovebox.IdempotencyKey, err error) (glovebox.Job, bool, error) {
	why, ok := errors.AsType[denied](err)
	if !ok {
		return glovebox.Job{}, false, err
	}
	if key != nil {
		job, err := o.Store.JobOfKey(ctx, p.Tenant, *key, o.Now())
		if glovebox.KindOf(err) != glovebox.KindNotFound {
			return job, false, err
		}
	}
	o.writeDown(ctx, p, spec, why.error)
	return glovebox.Job{}, false, why.error
}

func (o *Orchestrator) writeDown(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, why error) {
	now := o.Now()
	suppressed, ok := o.refusals.tell(p.Tenant, glovebox.KindOf(why), now)
	if !ok {
		return
	}
	event := refused(p, spec, why, now)
	if suppressed > 0 {
		event.Detail["suppressed"] = strconv.Itoa(suppressed)
	}
	if err := o.Store.Commit(ctx, nil, event); err != nil && ctx.Err() == nil {
		o.Log.Warn("a refusal could not be written down", "tenant", p.Tenant, "err", err)
	}
}
