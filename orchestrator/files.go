package orchestrator

import (
	"context"

	"glovebox"
)

// Files knows what tenants have handed over for their jobs.
type Files interface {
	// Use says how large the files are that a job names, and keeps them for the
	// job that is about to be stored. KindInvalid with the field for one that
	// the tenant does not have, the same whether or not another tenant has it.
	Use(ctx context.Context, tenant string, files []glovebox.InputFile) (sizes []int64, err error)
}

// withFiles returns a complete spec with the sizes of its files.
func (o *Orchestrator) withFiles(ctx context.Context, tenant string, spec glovebox.Spec) (glovebox.Spec, error) {
	if len(spec.Files) == 0 {
		return spec, nil
	}
	if o.Files == nil {
		return spec, glovebox.Errorf(glovebox.KindInvalid, "no files are kept here").On("files").Try("leave them out")
	}
	sizes, err := o.Files.Use(ctx, tenant, spec.Files)
	if err != nil {
		return spec, err
	}
	return spec.WithFileSizes(sizes)
}
