package template

import (
	"context"
	"fmt"

	"glovebox"
)

// Jobs finds jobs that run, and has them saved.
type Jobs interface {
	// Job returns one of the caller's tenant's jobs; KindNotFound.
	Job(ctx context.Context, p glovebox.Principal, id string) (glovebox.Job, error)
	// Save has the job's sandbox written down on its node. If no template is
	// going to have the snapshot, Unsave must be called.
	Save(ctx context.Context, job glovebox.Job, end bool) (glovebox.Snapshot, error)
	// Unsave has the snapshot removed.
	Unsave(name string)
}

// Saving lets templates be made of running jobs.
func (r *Registry) Saving(jobs Jobs) *Registry {
	r.jobs = jobs
	return r
}

// CreateFrom makes a template of what a running job of the actor's tenant is at
// this moment: it holds all that the job holds, so it is for jobs of the same
// tenant alone. The job goes on, or is ended in that very state if end is set.
// Image and Snapshot of t are not looked at.
//
// KindNotFound on "from", as for another tenant's job; KindInvalid on "from"
// for a job that may not be saved, as Spec.Savable; KindConflict on "name", or
// on "from" if the job does not run; KindTooLarge if the node has no room;
// KindUnavailable.
func (r *Registry) CreateFrom(ctx context.Context, actor glovebox.Principal, t glovebox.WarmTemplate, from string, end bool) (glovebox.WarmTemplate, error) {
	if r.jobs == nil {
		return t, glovebox.Errorf(glovebox.KindInvalid, "no jobs are saved here").On("from").Try("name an image")
	}
	job, err := r.jobs.Job(ctx, actor, from)
	if err != nil {
		return t, onFrom(err)
	}
	if job.Status != glovebox.StatusRunning {
		return t, glovebox.Errorf(glovebox.KindConflict, "job %s is %s", job.ID, job.Status).On("from").Try("save a job while it runs")
	}
	now := job.Spec
	if p := job.Allowed(); now.Policy != nil || !p.Empty() {
		now.Policy = &p // it may have been changed since
	}
	for _, spec := range []glovebox.Spec{job.Spec, now} {
		if err := spec.Savable(); err != nil {
			return t, onFrom(err)
		}
	}
	t.Image, t.Digest, t.Snapshot = job.Image.Name, job.Image.Digest, ""
	t, err = r.begin(ctx, actor, t)
	if err != nil {
		return t, err
	}
	if _, err := r.Get(ctx, glovebox.AnyTenant, t.Name); err == nil {
		return t, errTaken(t.Name)
	}
	s, err := r.jobs.Save(ctx, job, end)
	if err != nil {
		return t, onFrom(err)
	}
	t.Snapshot = s.Name
	t.Saved = glovebox.Saved{
		Node: job.Node, Job: job.ID, Bytes: s.Bytes, Digest: s.Digest,
		User: job.Command.User, Stdin: job.Spec.StdinStream || len(job.Spec.Stdin) > 0, Limits: job.Spec.Limits,
	}
	if t, err = t.Complete(); err == nil {
		err = r.write(ctx, actor, t, map[string]string{"from": job.ID, "bytes": fmt.Sprint(s.Bytes)})
	}
	if err != nil {
		r.jobs.Unsave(s.Name)
	}
	return t, err
}

// onFrom names the field that the job came in.
func onFrom(err error) error {
	e := *glovebox.AsError(err)
	return e.On("from")
}
