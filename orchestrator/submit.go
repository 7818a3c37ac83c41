package orchestrator

import (
	"context"

	"glovebox"
	"glovebox/engine"
)

// Submit accepts a job: after it has returned, the job is run or ends with a
// reason, whatever happens to this machine. If the image is here and a node has
// room, the placement is part of the same durable write.
func (o *Orchestrator) Submit(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, key *glovebox.IdempotencyKey) (glovebox.Job, bool, error) {
	job, err := o.accept(ctx, p, spec)
	if err != nil {
		return glovebox.Job{}, false, err
	}
	if len(job.Spec.Stdin) > 0 {
		if err := o.Output.PutStdin(ctx, job.ID, job.Spec.Stdin); err != nil {
			return glovebox.Job{}, false, err
		}
		job.Spec.Stdin, job.Spec.StdinStream = nil, true // a stream that has ended already
	}
	o.queue.hold(job.ID) // until it is stored, no worker may look for it
	defer o.queue.done(job.ID)
	stored, fresh, err := o.Store.CreateJob(ctx, o.placeNow(job), key)
	switch {
	case err != nil:
		o.queue.add(job.ID) // perhaps it is stored: a worker drives it, or gives its room back
		return glovebox.Job{}, false, err
	case !fresh:
		o.kick(o.fleet.release(job.ID))
	}
	o.queue.add(stored.ID)
	return stored, fresh, nil
}

// accept checks a spec and turns it into a job, resolved if that needs no
// network.
func (o *Orchestrator) accept(ctx context.Context, p glovebox.Principal, spec glovebox.Spec) (glovebox.Job, error) {
	if o.draining.Load() {
		return glovebox.Job{}, glovebox.Errorf(glovebox.KindUnavailable, "glovebox is stopping").Try("try again after the restart")
	}
	spec, err := spec.Complete()
	if err != nil {
		return glovebox.Job{}, err
	}
	name, err := o.Images.Normalize(spec.Image)
	if err != nil {
		return glovebox.Job{}, err
	}
	if o.waiting() >= o.MaxQueued {
		return glovebox.Job{}, glovebox.Errorf(glovebox.KindTooMany, "%d jobs are waiting already", o.MaxQueued).Try("try again later")
	}
	if err := o.fleet.canRun(spec); err != nil {
		return glovebox.Job{}, err
	}
	now := o.Now()
	job := glovebox.Job{
		ID: glovebox.NewID("j"), Tenant: p.Tenant, Owner: p.Name, Spec: spec, Image: glovebox.ImageRef{Name: name},
		Status: glovebox.StatusPending, CreatedAt: now, Due: now,
		Lease: glovebox.Lease{Holder: o.Holder, Until: now.Add(leaseTime)},
	}
	if spec.PullPolicy == glovebox.PullAlways {
		return job, nil
	}
	img, err := o.Images.Find(ctx, p.Tenant, name)
	switch {
	case glovebox.KindOf(err) == glovebox.KindImageUnknown && spec.PullPolicy != glovebox.PullNever:
		return job, nil // a worker fetches it
	case err != nil:
		return glovebox.Job{}, err
	}
	command, err := spec.Command(img.Defaults)
	if err != nil {
		return glovebox.Job{}, err
	}
	job, _, err = engine.Step(job, engine.Resolved{Image: glovebox.ImageRef{Name: name, Digest: img.Digest}, Command: command}, now)
	return job, err
}

// placeNow places a resolved job if a node has room at this moment.
func (o *Orchestrator) placeNow(job glovebox.Job) glovebox.Job {
	if job.Image.Digest == "" {
		return job
	}
	ev, ok := o.place(job)
	if !ok {
		return job
	}
	placed, _, err := engine.Step(job, ev, o.Now())
	if err != nil {
		o.kick(o.fleet.release(job.ID))
		return job
	}
	return placed
}

// place reserves room and plans the ledger; false if the job has to wait.
func (o *Orchestrator) place(job glovebox.Job) (engine.Placed, bool) {
	node, ok := o.fleet.reserve(job)
	if !ok {
		return engine.Placed{}, false
	}
	o.kick(o.fleet.head()) // there may be room for the next one, too
	job.Node = node
	return engine.Placed{Node: node, Ledger: o.Provider.Plan(job)}, true
}

// waiting counts the jobs that wait for room or for their image.
func (o *Orchestrator) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fleet.waiting() + len(o.resolving)
}
