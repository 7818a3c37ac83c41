package orchestrator

import (
	"context"
	"errors"

	"glovebox"
)

// denied is a refusal by quota or policy. Other errors are about a mistake in
// the request, or nobody's fault.
type denied struct{ error }

// Unwrap returns the error that the caller is to see.
func (d denied) Unwrap() error { return d.error }

// WrittenDown tells the API that there is an event of it, so that it can see to
// it that there are not too many.
func (d denied) WrittenDown() bool { return true }

// refuse is the answer to a request that cannot be had for some reason: what
// was accepted before is given again, and a refusal is written down before it
// is given, each one. A refusal that nobody could read about is not given; the
// error is then the store's. How many there may be, the API's rates say.
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
	if err := o.Store.Commit(ctx, nil, refused(p, spec, why.error, o.Now())); err != nil {
		return glovebox.Job{}, false, err
	}
	return glovebox.Job{}, false, why
}
