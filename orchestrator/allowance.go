package orchestrator

import (
	"context"

	"glovebox"
)

// allowance is what a tenant may take, and what its ended jobs have taken of it
// for good: their output. Jobs that have a place count with all that they may
// write, so whatever they do, the tenant never keeps more than its quota.
type allowance struct {
	glovebox.Quota
	kept int64 // bytes of output
	asOf int64 // fleet.releases before kept was read
}

// allowance reads what is kept. A job that ends meanwhile may be in it or not,
// and takes its reservation with it: reserve sees by asOf that there was one.
func (o *Orchestrator) allowance(ctx context.Context, tenant string, q glovebox.Quota) (allowance, error) {
	asOf := o.fleet.ended()
	kept, err := o.Store.KeptOutput(ctx, tenant)
	return allowance{q, kept, asOf}, err
}

// spent says why a job could not keep its output even if nothing else of its
// tenant ran.
func (a allowance) spent(spec glovebox.Spec) *glovebox.Error {
	if a.kept+spec.Limits.Output <= a.OutputBytes {
		return nil
	}
	return glovebox.Errorf(glovebox.KindTooMany, "the tenant keeps %d bytes of output, this job may add %d, and its quota is %d",
		a.kept, spec.Limits.Output, a.OutputBytes).On("quota.outputBytes").
		Try("ask for a smaller limits.output or a larger quota; output that is kept cannot be deleted yet")
}
