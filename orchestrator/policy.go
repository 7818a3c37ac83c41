package orchestrator

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"glovebox"
	"glovebox/policy"
)

// ChangePolicy replaces the policy of a job that has not ended, and tells the
// audit log in the same write. What narrows the policy that holds is done at
// once; anything else takes approvals, which the caller has verified, or the
// local operator. A change to what holds already does nothing. What it does not
// say of watch and profile stays.
//
// KindNotFound; KindConflict if the job has ended; KindStale if another policy
// holds than the caller has seen; KindApproval, with the field that widens;
// what Policy.Complete and CheckApprovals say.
func (o *Orchestrator) ChangePolicy(ctx context.Context, p glovebox.Principal, id string, c glovebox.PolicyChange) (glovebox.Job, error) {
	next, err := c.Policy.CompleteJob()
	if err != nil {
		return glovebox.Job{}, err
	}
	c.Policy = next
	if next != nil {
		if err := policy.Check(*next, o.Forbidden); err != nil {
			return glovebox.Job{}, err
		}
	}
	if err := o.mayUse(ctx, p.Tenant, next); err != nil {
		return glovebox.Job{}, err
	}
	tenant, err := o.Tenants.Tenant(ctx, p.Tenant)
	if err != nil {
		return glovebox.Job{}, err
	}
	for {
		job, err := o.Store.Job(ctx, p.Tenant, id)
		if err != nil {
			return glovebox.Job{}, err
		}
		changed, err := o.change(ctx, p, job, tenant, c)
		if glovebox.KindOf(err) == glovebox.KindStale && glovebox.AsError(err).Field != "If-Match" {
			continue // the job moved on meanwhile
		}
		return changed, err
	}
}

// change is one try on the job as it was read.
func (o *Orchestrator) change(ctx context.Context, p glovebox.Principal, job glovebox.Job, t glovebox.Tenant, c glovebox.PolicyChange) (glovebox.Job, error) {
	was, is := job.Allowed(), glovebox.Policy{}
	if c.Policy = keepsWatch(c.Policy, was); c.Policy != nil {
		is = *c.Policy
	}
	switch {
	case c.Seen >= 0 && c.Seen != job.PolicyRevision:
		return job, glovebox.Errorf(glovebox.KindStale, "the job's policy has changed").On("If-Match").Try("read it again")
	case job.Status.Ended():
		return job, glovebox.Errorf(glovebox.KindConflict, "the job has ended, so its policy cannot be changed").On("status").Try("submit another job")
	case is.Equal(was) || is.Silent() && was.Silent():
		return job, nil
	case job.Attempt > 0 && is.Networked() && !(job.Spec.Policy != nil && job.Spec.Policy.Networked()):
		return job, glovebox.Errorf(glovebox.KindConflict, "the job was started without a network, which it cannot be given any more").
			On("egress").Try("submit another job, with the rules that it needs")
	}
	change := "narrowed"
	if widens := policy.Widened(was, is); widens != nil {
		change = "widened"
		if err := mayWiden(p, *widens, t, c.Approvals); err != nil {
			return job, o.unchanged(ctx, p, job, err)
		}
	}
	job.Admission = readmitted(job, p, t, was, is, c.Approvals)
	job.Policy, job.Watch, job.PolicyRevision = c.Policy, is.Watch, job.PolicyRevision+1
	if job.Approvals = slices.Concat(job.Approvals, c.Approvals); len(job.Approvals) > glovebox.MaxApprovals {
		return job, glovebox.Errorf(glovebox.KindConflict, "the job has %d approvals already", len(job.Approvals)-len(c.Approvals)).
			On("approvals").Try("submit another job, with the policy that it needs")
	}
	now := o.Now()
	stored, err := o.Store.UpdateJob(ctx, job, glovebox.Durable, append(used(job, p.Name, now, was, is), glovebox.AuditEvent{
		Tenant: job.Tenant, At: now, Actor: p.Name, Action: "job.policy", Target: job.ID, OK: true,
		Detail: map[string]string{"change": change, "revision": strconv.FormatInt(job.PolicyRevision, 10), "policy": policy.Sum(is),
			"rules": strconv.Itoa(len(is.Egress)), "approvals": strconv.Itoa(len(c.Approvals))},
	})...)
	if err != nil {
		return job, err
	}
	o.watchers.notify(stored.ID)
	o.noticed(stored)
	if o.PolicyChanged != nil {
		o.PolicyChanged(stored)
	}
	o.queue.add(stored.ID)
	return stored, nil
}

// mayWiden says whether somebody may give a job more than it has.
func mayWiden(p glovebox.Principal, line glovebox.PolicyLine, t glovebox.Tenant, approvals []glovebox.Approval) error {
	if len(approvals) > 0 {
		return glovebox.CheckApprovals(approvals, t)
	}
	if p.Kind == glovebox.PrincipalOperator {
		return nil
	}
	return glovebox.Errorf(glovebox.KindApproval, "a job that was accepted is not given more without a signed approval: %s", line.What).
		On(line.Field).Try("sign the change with a passkey, or leave this out")
}

// unchanged writes a refusal down before it is given.
func (o *Orchestrator) unchanged(ctx context.Context, p glovebox.Principal, job glovebox.Job, why error) error {
	e := glovebox.AsError(why)
	if err := o.Store.Commit(ctx, nil, glovebox.AuditEvent{
		Tenant: job.Tenant, At: o.Now(), Actor: p.Name, Action: "job.policy", Target: job.ID, Kind: e.Kind, Detail: map[string]string{"field": e.Field},
	}); err != nil {
		return err
	}
	return denied{why}
}

// readmitted is the decision about a job's next policy. What is no more than it
// had is allowed by whoever allowed that.
func readmitted(job glovebox.Job, p glovebox.Principal, t glovebox.Tenant, was, is glovebox.Policy, approvals []glovebox.Approval) []glovebox.PolicyLine {
	d := policy.Within(t.Policy, is)
	had := policy.Within(was, is)
	for i, l := range d.Lines {
		part, _, _ := strings.Cut(had.Lines[i].By, " ")
		if l.Verdict != glovebox.PolicyBeyond || part == "" {
			continue
		}
		before := slices.IndexFunc(job.Admission, func(a glovebox.PolicyLine) bool { return a.Field == part })
		if before >= 0 {
			d.Lines[i].Verdict, d.Lines[i].By = job.Admission[before].Verdict, job.Admission[before].By
		}
	}
	lines := granted(d, p, approvals)
	for _, l := range job.Admission { // image, limits and runtime are what they were
		if !strings.HasPrefix(l.Field, "policy") {
			lines = append(lines, l)
		}
	}
	return lines[:min(len(lines), glovebox.MaxPolicyLines)]
}
