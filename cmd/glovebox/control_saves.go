package main

import (
	"context"

	"glovebox"
	"glovebox/provider/local"
	"glovebox/template"
)

// savedJobs is what templates are made of besides images.
type savedJobs struct {
	*local.Provider
	store glovebox.Store
}

// Job implements template.Jobs.
func (s savedJobs) Job(ctx context.Context, p glovebox.Principal, id string) (glovebox.Job, error) {
	return s.store.Job(ctx, p.Tenant, id)
}

// origins is what jobs go on from.
type origins struct {
	templates *template.Registry
	images    *shelf
}

// Template implements orchestrator.Templates.
func (o origins) Template(ctx context.Context, tenant, name string) (glovebox.WarmTemplate, glovebox.Image, error) {
	t, err := o.templates.Get(ctx, tenant, name)
	if err != nil {
		return t, glovebox.Image{}, err
	}
	img, err := o.images.ByDigest(ctx, t.Digest)
	return t, img, err
}
