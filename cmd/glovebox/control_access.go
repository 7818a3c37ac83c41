package main

import (
	"context"

	"glovebox"
	"glovebox/secret"
)

// jobAccess opens what a job may touch outside of its sandbox: its policy as it
// holds now, with the tenant's secrets that it names.
type jobAccess struct{ secrets *secret.Registry }

func (j jobAccess) Access(ctx context.Context, job glovebox.Job) (glovebox.Access, error) {
	p := job.Allowed()
	a := glovebox.Access{Revision: job.PolicyRevision, Egress: p.Egress, Observe: p.Observe, Watch: p.Watch, Profile: p.Profile}
	given, err := j.secrets.Give(ctx, job.Tenant, p.Secrets)
	if glovebox.KindOf(err) == glovebox.KindInvalid && !job.StartedAt.IsZero() {
		return a, nil // it has what it had, and what is gone it does not get again
	}
	if err != nil {
		return glovebox.Access{}, err
	}
	a.Files = secret.Files(given)
	for _, g := range given {
		if g.Use.File {
			continue
		}
		value := append([]byte(g.Use.Prefix), g.Value.Reveal()...)
		a.Headers = append(a.Headers, glovebox.HeaderSecret{Domain: g.Use.Domain, Header: g.Use.Header, Value: glovebox.NewSecretValue(value)})
	}
	return a, nil
}
