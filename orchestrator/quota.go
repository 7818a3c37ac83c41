package orchestrator

import (
	"context"
	"strings"

	"glovebox"
	"glovebox/policy"
)

// equals gives every tenant the default settings.
type equals struct{}

func (equals) Tenant(_ context.Context, id string) (glovebox.Tenant, error) {
	return glovebox.DefaultTenant(id), nil
}

// permit says whether a tenant may have a job: by its policy, by what one job
// of it may take, by how many wait, and by how much it keeps; and what it may
// take. The error is a denied one, or that of a store that did not answer.
func (o *Orchestrator) permit(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, t glovebox.Tenant, approvals []glovebox.Approval) (allowance, error) {
	if err := allowed(p, spec, t, approvals); err != nil {
		return allowance{}, denied{err}
	}
	if err := overQuota(spec, t.Quota); err != nil {
		return allowance{}, denied{err}
	}
	if err := o.backlog.full(p.Tenant, t.Quota.QueuedJobs, o.MaxQueued); err != nil {
		return allowance{}, denied{err}
	}
	a, err := o.allowance(ctx, p.Tenant, t.Quota)
	if err != nil {
		return allowance{}, err
	}
	if err := a.spent(spec); err != nil {
		return allowance{}, denied{err}
	}
	return a, nil
}

// allowed says whether a job needs approvals that it does not have. The local
// operator could give them, and so needs none.
func allowed(p glovebox.Principal, spec glovebox.Spec, t glovebox.Tenant, approvals []glovebox.Approval) error {
	beyond := policy.Admit(t, spec).First()
	switch {
	case beyond == nil && len(approvals) == 0, p.Kind == glovebox.PrincipalOperator && len(approvals) == 0:
		return nil
	case len(approvals) == 0:
		return unsigned(*beyond)
	}
	return glovebox.CheckApprovals(approvals, t)
}

// unsigned is the refusal of what only a signature could allow.
func unsigned(l glovebox.PolicyLine) *glovebox.Error {
	return glovebox.Errorf(glovebox.KindApproval, "the tenant does not allow this without a signed approval: %s (%s)", l.What, l.Why).
		On(l.Field).Try("sign the job with a passkey, or do without")
}

// admission is the decision about a job that was allowed, as it is kept with
// the job.
func admission(p glovebox.Principal, spec glovebox.Spec, t glovebox.Tenant, approvals []glovebox.Approval) []glovebox.PolicyLine {
	return granted(policy.Admit(t, spec), p, approvals)
}

// granted says who allowed what is beyond the tenant's policy.
func granted(d policy.Decision, p glovebox.Principal, approvals []glovebox.Approval) []glovebox.PolicyLine {
	if len(approvals) == 0 {
		return d.Granted(glovebox.PolicyTrusted, p.Name)
	}
	var names []string
	for _, a := range approvals {
		names = append(names, a.By)
	}
	return d.Granted(glovebox.PolicySigned, strings.Join(names, ", "))
}

// overQuota says why a job could never run whatever else its tenant runs.
func overQuota(spec glovebox.Spec, q glovebox.Quota) *glovebox.Error {
	switch {
	case micros(spec.Limits.CPUs) > micros(q.CPUs):
		return glovebox.Errorf(glovebox.KindInvalid, "%v CPUs, and the tenant's quota.cpus is %v", spec.Limits.CPUs, q.CPUs).
			On("limits.cpus").Try("ask for at most %v, or for a larger quota", q.CPUs)
	case spec.Limits.Memory > q.Memory:
		return glovebox.Errorf(glovebox.KindInvalid, "%d bytes, and the tenant's quota.memory is %d", spec.Limits.Memory, q.Memory).
			On("limits.memory").Try("ask for at most %d, or for a larger quota", q.Memory)
	}
	return nil
}

// lookAgain lets the tenants go on who wait for a quota that was raised since.
// What cannot be read now is read at the next sweep.
func (o *Orchestrator) lookAgain(ctx context.Context) {
	for _, id := range o.fleet.heldBack() {
		tenant, err := o.Tenants.Tenant(ctx, id)
		if err != nil {
			continue
		}
		if a, err := o.allowance(ctx, id, tenant.Quota); err == nil {
			o.kick(o.fleet.allowanceIs(id, a))
		}
	}
}
