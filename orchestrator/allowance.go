package orchestrator

import (
	"context"

	"glovebox"
)

// allowance is what a tenant may take, and what its ended jobs have taken of it
// for good: their output and their artifacts. Jobs that have a place count with
// all that they may write, so whatever they do, the tenant never keeps more than
// its quota.
type allowance struct {
	glovebox.Quota
	kept      int64 // bytes of output
	artifacts int64 // bytes of artifacts
	asOf      int64 // fleet.releases before these were read
}

// allowance reads what is kept. A job that ends meanwhile may be in it or not,
// and takes its reservation with it: reserve sees by asOf that there was one.
func (o *Orchestrator) allowance(ctx context.Context, tenant string, q glovebox.Quota) (allowance, error) {
	asOf := o.fleet.ended()
	kept, err := o.Store.KeptOutput(ctx, tenant)
	if err != nil {
		return allowance{}, err
	}
	artifacts, err := o.Store.KeptArtifacts(ctx, tenant)
	return allowance{q, kept, artifacts, asOf}, err
}

// spent says why a job could not keep its output or artifacts even if nothing
// else of its tenant ran.
func (a allowance) spent(spec glovebox.Spec) *glovebox.Error {
	switch may := spec.Limits; {
	case a.kept+may.Output > a.OutputBytes:
		return over("output", a.kept, may.Output, a.OutputBytes).On("quota.outputBytes").
			Try("ask for a smaller limits.output or a larger quota; what is kept is removed when its time is over, or with `glovebox delete`")
	case a.artifacts+may.Artifacts > a.ArtifactBytes:
		return over("artifacts", a.artifacts, may.Artifacts, a.ArtifactBytes).On("quota.artifactBytes").
			Try("ask for a smaller limits.artifacts or a larger quota; what is kept is removed when its time is over, or with `glovebox delete`")
	}
	return nil
}

func over(what string, kept, more, quota int64) *glovebox.Error {
	return glovebox.Errorf(glovebox.KindTooMany, "the tenant keeps %d bytes of %s, this job may add %d, and its quota is %d",
		kept, what, more, quota)
}
