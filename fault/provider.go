package fault

import (
	"context"

	"glovebox"
)

// Provider makes the calls of a provider fail: "provider." and the method's
// name. Plan has no effect and cannot fail.
func Provider(p *Process, made glovebox.Provider) glovebox.Provider { return &provider{made, p} }

type provider struct {
	glovebox.Provider
	p *Process
}

func (v *provider) Make(ctx context.Context, job glovebox.Job, r glovebox.Resource) (glovebox.Resource, error) {
	return through(v.p, "provider.Make", func() (glovebox.Resource, error) { return v.Provider.Make(ctx, job, r) })
}

func (v *provider) Remove(ctx context.Context, job glovebox.Job, r glovebox.Resource) (glovebox.Resource, error) {
	return through(v.p, "provider.Remove", func() (glovebox.Resource, error) { return v.Provider.Remove(ctx, job, r) })
}

func (v *provider) Owned(ctx context.Context) ([]glovebox.Resource, error) {
	return through(v.p, "provider.Owned", func() ([]glovebox.Resource, error) { return v.Provider.Owned(ctx) })
}
