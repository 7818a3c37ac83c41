package metrics

import (
	"context"

	"glovebox"
)

// Provider returns next with every call that does something timed, and its
// errors counted by kind.
func (m *Metrics) Provider(next glovebox.Provider) glovebox.Provider {
	return &provider{next, m.provider}
}

type provider struct {
	next  glovebox.Provider
	calls calls
}

func (p *provider) Plan(job glovebox.Job) []glovebox.Resource { return p.next.Plan(job) }

func (p *provider) Make(ctx context.Context, job glovebox.Job, r glovebox.Resource) (made glovebox.Resource, err error) {
	defer p.calls.began("Make")(&err)
	return p.next.Make(ctx, job, r)
}

func (p *provider) Remove(ctx context.Context, job glovebox.Job, r glovebox.Resource) (left glovebox.Resource, err error) {
	defer p.calls.began("Remove")(&err)
	return p.next.Remove(ctx, job, r)
}

func (p *provider) Owned(ctx context.Context) (all []glovebox.Resource, err error) {
	defer p.calls.began("Owned")(&err)
	return p.next.Owned(ctx)
}
