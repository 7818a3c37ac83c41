package orchestrator

import (
	"context"
	"slices"

	"glovebox"
	"glovebox/engine"
)

// act carries out one action and returns what came of it at once. What takes
// time goes on by itself and reports later.
func (o *Orchestrator) act(ctx context.Context, job glovebox.Job, action engine.Action) ([]engine.Event, error) {
	switch action {
	case engine.Resolve:
		o.resolve(ctx, job)
	case engine.Place:
		return o.placement(ctx, job)
	case engine.Make:
		return o.make(ctx, job)
	case engine.Seal:
		return o.seal(ctx, job)
	case engine.Remove:
		return o.remove(ctx, job)
	case engine.Forget:
		if engine.ForgetNow(job, o.Now()) {
			return nil, o.erase(ctx, job, byTime(job, o.Now()))
		}
	case engine.Attest:
		return o.attest(ctx, job)
	}
	return nil, nil
}

// placement places a job, or lets it wait, or ends it if that would be for ever.
func (o *Orchestrator) placement(ctx context.Context, job glovebox.Job) ([]engine.Event, error) {
	if engine.PlaceFrom(job).After(o.Now()) {
		return nil, nil // it is due then
	}
	tenant, err := o.Tenants.Tenant(ctx, job.Tenant)
	if err != nil {
		return nil, err
	}
	a, err := o.allowance(ctx, job.Tenant, tenant.Quota)
	if err != nil {
		return nil, err
	}
	ev, ok, err := o.place(ctx, job, a)
	if err != nil {
		return nil, err
	}
	if ok {
		return []engine.Event{ev}, nil
	}
	err = o.fleet.hopeless(job.Spec, o.Now())
	over := overQuota(job.Spec, tenant.Quota) // it was lowered since
	if over == nil {
		over = a.spent(job.Spec) // by what others have left since
	}
	if over != nil {
		over.Kind = glovebox.KindDenied
		err = over
	}
	if err != nil {
		return []engine.Event{engine.Failed{Attempt: job.Attempt, Fault: glovebox.AsError(err)}}, nil
	}
	return nil, nil
}

// resolve fetches a job's image in the background, once at a time.
func (o *Orchestrator) resolve(ctx context.Context, job glovebox.Job) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.resolving[job.ID] {
		return
	}
	o.resolving[job.ID] = true
	o.running.Go(func() {
		if ev, ok := o.resolved(ctx, job); ok {
			o.tell(job.ID, ev)
		}
		o.mu.Lock()
		delete(o.resolving, job.ID)
		o.mu.Unlock()
	})
}

func (o *Orchestrator) resolved(ctx context.Context, job glovebox.Job) (engine.Event, bool) {
	img, err := o.Images.Resolve(ctx, job.Tenant, job.Image.Name, job.Spec.PullPolicy)
	if err != nil {
		if ctx.Err() != nil {
			return nil, false // we are stopping: the next process tries again
		}
		return engine.Failed{Fault: glovebox.AsError(err)}, true
	}
	command, err := job.Spec.Command(img.Defaults)
	if err != nil {
		return engine.Failed{Fault: glovebox.AsError(err)}, true
	}
	return engine.Resolved{Image: glovebox.ImageRef{Name: img.Name, Digest: img.Digest}, Command: command}, true
}

// make names everything of the ledger that is not gone to the provider.
func (o *Orchestrator) make(ctx context.Context, job glovebox.Job) ([]engine.Event, error) {
	var events []engine.Event
	for _, r := range job.Ledger {
		if r.State == glovebox.ResourceGone || r.State == glovebox.ResourceDeleting {
			continue
		}
		made, err := o.Provider.Make(ctx, job, r)
		switch glovebox.KindOf(err) {
		case "":
			if made.State != r.State {
				events = append(events, engine.Observed{Resource: made})
			}
		case glovebox.KindNotFound, glovebox.KindImageUnknown, glovebox.KindInvalid, glovebox.KindDenied:
			return append(events, engine.Failed{Attempt: r.Attempt, Fault: glovebox.AsError(err)}), nil
		default:
			return events, err
		}
	}
	return events, nil
}

// remove takes the ledger back from its end. One that is not gone yet holds up
// those before it.
func (o *Orchestrator) remove(ctx context.Context, job glovebox.Job) ([]engine.Event, error) {
	var events []engine.Event
	for _, r := range slices.Backward(job.Ledger) {
		if r.State == glovebox.ResourceGone {
			continue
		}
		left, err := o.Provider.Remove(ctx, job, r)
		if err != nil {
			return events, err
		}
		if left.State != r.State {
			events = append(events, engine.Observed{Resource: left})
		}
		if left.State != glovebox.ResourceGone {
			break
		}
	}
	return events, nil
}

// seal makes the output final once all that the node spoke of has arrived.
func (o *Orchestrator) seal(ctx context.Context, job glovebox.Job) ([]engine.Event, error) {
	if job.Attempt == 0 {
		return []engine.Event{engine.Sealed{}}, nil // it never had an output
	}
	has, err := o.Output.Sizes(ctx, job.ID, job.Attempt)
	if err != nil {
		return nil, err
	}
	if !arrived(job, has) && !engine.SealNow(job, o.Now()) {
		return nil, nil
	}
	var left *glovebox.Artifacts
	if has.Artifacts+has.Index > 0 {
		if left, err = o.Output.SealArtifacts(ctx, job.ID, job.Attempt, job.Spec.Limits.Artifacts); err != nil {
			return nil, err
		}
	}
	if err := o.Output.Seal(ctx, job.ID, job.Attempt); err != nil {
		return nil, err
	}
	return []engine.Event{engine.Sealed{Stdout: has.Stdout, Stderr: has.Stderr, Events: has.Events, Artifacts: left}}, nil
}

// arrived says whether all that the node spoke of is here.
func arrived(job glovebox.Job, has glovebox.StreamSizes) bool {
	if a := job.Artifacts; a != nil && (has.Artifacts < a.Bytes || has.Index < a.IndexBytes) {
		return false
	}
	return has.Stdout >= job.Output.Stdout && has.Stderr >= job.Output.Stderr && has.Events >= job.Output.Events
}
