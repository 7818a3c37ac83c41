package orchestrator

import (
	"context"

	"glovebox"
	"glovebox/engine"
	"glovebox/policy"
)

// Submit accepts a job: after it has returned, the job is run or ends with a
// reason, whatever happens to this machine. If the image is here and a node has
// room, the placement is part of the same durable write, and so is the event in
// the audit log.
//
// KindApproval if the tenant does not allow what the job asks for without a
// signed approval; KindTooMany, with the quota as Field, if the tenant has
// enough of something; KindInvalid on "limits.cpus" or "limits.memory" for a
// job that is larger than its tenant's quota.
func (o *Orchestrator) Submit(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, key *glovebox.IdempotencyKey) (glovebox.Job, bool, error) {
	return o.SubmitApproved(ctx, p, spec, key, nil)
}

// SubmitApproved is Submit for a signed job. The caller has verified the
// approvals: that each is by the person it names, for this very job, and not
// used before. They are kept with the job.
func (o *Orchestrator) SubmitApproved(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, key *glovebox.IdempotencyKey,
	approvals []glovebox.Approval,
) (glovebox.Job, bool, error) {
	job, a, err := o.accept(ctx, p, spec, approvals)
	if err != nil {
		return o.refuse(ctx, p, spec, key, err)
	}
	o.queue.hold(job.ID) // until it is stored, no worker may look for it
	defer o.queue.done(job.ID)
	job = o.placeNow(ctx, job, a)
	if err := o.admit(job, a.Quota); err != nil {
		o.forget(job.ID)
		return o.refuse(ctx, p, spec, key, err)
	}
	if len(job.Spec.Stdin) > 0 {
		if err := o.Output.PutStdin(ctx, job.ID, job.Spec.Stdin); err != nil {
			o.forget(job.ID)
			return glovebox.Job{}, false, err
		}
		job.Spec.Stdin, job.Spec.StdinStream = nil, true // a stream that has ended already
	}
	events := append(used(job, p.Name, job.CreatedAt, glovebox.Policy{}, job.Allowed()), submitted(job, p.Name))
	stored, fresh, err := o.Store.CreateJob(ctx, job, key, events...)
	switch {
	case err != nil:
		o.queue.add(job.ID) // perhaps it is stored: a worker drives it, or gives its room back
		return glovebox.Job{}, false, err
	case !fresh:
		o.forget(job.ID)
	}
	o.queue.add(stored.ID)
	return stored, fresh, nil
}

// accept checks a spec and turns it into a job, resolved if that needs no
// network, and says what its tenant may take.
func (o *Orchestrator) accept(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, approvals []glovebox.Approval) (glovebox.Job, allowance, error) {
	none := allowance{}
	if o.draining.Load() {
		return glovebox.Job{}, none, glovebox.Errorf(glovebox.KindUnavailable, "glovebox is stopping").Try("try again after the restart")
	}
	spec, from, err := o.origin(ctx, p.Tenant, spec)
	if err == nil {
		spec, err = spec.Complete()
	}
	if err != nil {
		return glovebox.Job{}, none, err
	}
	if spec.Policy != nil {
		if err := policy.Check(*spec.Policy, o.Forbidden); err != nil {
			return glovebox.Job{}, none, err
		}
	}
	name, err := o.Images.Normalize(spec.Image)
	if err != nil {
		return glovebox.Job{}, none, err
	}
	tenant, err := o.Tenants.Tenant(ctx, p.Tenant)
	if err != nil {
		return glovebox.Job{}, none, err
	}
	a, err := o.permit(ctx, p, spec, tenant, approvals)
	if err != nil {
		return glovebox.Job{}, none, err
	}
	retention, err := kept(spec, tenant)
	if err != nil {
		return glovebox.Job{}, none, err
	}
	if err := o.mayUse(ctx, p.Tenant, spec.Policy); err != nil {
		return glovebox.Job{}, none, err
	}
	if spec, err = o.withFiles(ctx, p.Tenant, spec); err != nil {
		return glovebox.Job{}, none, err
	}
	if err := o.fleet.canRun(spec); err != nil {
		return glovebox.Job{}, none, err
	}
	now := o.Now()
	job := glovebox.Job{
		ID: glovebox.NewID("j"), Tenant: p.Tenant, Owner: p.Name, Spec: spec, Image: glovebox.ImageRef{Name: name},
		Proof: p.Proof, Status: glovebox.StatusPending, CreatedAt: now, Due: now, Approvals: approvals,
		Admission: admission(p, spec, tenant, approvals), Retention: retention, Watch: watchedBy(spec.Policy, tenant),
		Lease: glovebox.Lease{Holder: o.Holder, Until: now.Add(leaseTime)},
	}
	if from != nil {
		job, err = from.resolve(job)
		return job, a, err
	}
	job, err = o.resolveNow(ctx, job)
	if glovebox.KindOf(err) == glovebox.KindImageDenied {
		err = denied{err}
	}
	return job, a, err
}

// resolveNow resolves a job whose image is here already.
func (o *Orchestrator) resolveNow(ctx context.Context, job glovebox.Job) (glovebox.Job, error) {
	if job.Spec.PullPolicy == glovebox.PullAlways {
		return job, nil
	}
	img, err := o.Images.Find(ctx, job.Tenant, job.Image.Name)
	switch {
	case glovebox.KindOf(err) == glovebox.KindImageUnknown && job.Spec.PullPolicy != glovebox.PullNever:
		return job, nil // a worker fetches it
	case err != nil:
		return glovebox.Job{}, err
	}
	command, err := job.Spec.Command(img.Defaults)
	if err != nil {
		return glovebox.Job{}, err
	}
	job, _, err = engine.Step(job, engine.Resolved{Image: glovebox.ImageRef{Name: job.Image.Name, Digest: img.Digest}, Command: command}, job.CreatedAt)
	return job, err
}

// placeNow places a resolved job if a node has room at this moment.
func (o *Orchestrator) placeNow(ctx context.Context, job glovebox.Job, a allowance) glovebox.Job {
	if job.Image.Digest == "" {
		return job
	}
	ev, ok, err := o.place(ctx, job, a)
	if err != nil || !ok {
		return job // a worker tries again
	}
	placed, _, err := engine.Step(job, ev, o.Now())
	if err != nil {
		o.kick(o.fleet.release(job.ID))
		return job
	}
	return placed
}

// admit lets a job wait that was not placed at once. Only here is it known
// whether others came first since permit looked.
func (o *Orchestrator) admit(job glovebox.Job, quota glovebox.Quota) error {
	if job.Status != glovebox.StatusPending {
		return nil
	}
	if err := o.backlog.add(job, quota.QueuedJobs, o.MaxQueued); err != nil {
		return denied{err}
	}
	return nil
}

// place reserves room and plans the ledger; false if the job has to wait.
func (o *Orchestrator) place(ctx context.Context, job glovebox.Job, a allowance) (engine.Placed, bool, error) {
	node, ok, wake, err := o.fleet.reserve(job, a)
	for err == errStale {
		if a, err = o.allowance(ctx, job.Tenant, a.Quota); err == nil {
			node, ok, wake, err = o.fleet.reserve(job, a)
		}
	}
	o.kick(wake)
	if err != nil || !ok {
		return engine.Placed{}, false, err
	}
	job.Node = node
	return engine.Placed{Node: node, Ledger: o.Provider.Plan(job)}, true, nil
}
