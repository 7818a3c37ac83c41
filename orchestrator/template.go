package orchestrator

import (
	"context"

	"glovebox"
	"glovebox/engine"
)

// Templates finds what jobs go on from.
type Templates interface {
	// Template returns a tenant's template and its image; KindNotFound.
	Template(ctx context.Context, tenant, name string) (glovebox.WarmTemplate, glovebox.Image, error)
}

// origin is the template with a snapshot that a job goes on from.
type origin struct {
	template glovebox.WarmTemplate
	image    glovebox.Image
}

// origin finds what a job goes on from, if it names a template, and returns its
// spec with all that is the template's to say. KindNotFound on "template", as
// for another tenant's: what is in a snapshot is its tenant's alone. KindInvalid
// on a field in which the job cannot differ from the one that was saved.
func (o *Orchestrator) origin(ctx context.Context, tenant string, spec glovebox.Spec) (glovebox.Spec, *origin, error) {
	if spec.Template == "" {
		return spec, nil, nil
	}
	from := &origin{}
	err := error(glovebox.Errorf(glovebox.KindNotFound, "there is no such template"))
	if o.Templates != nil {
		from.template, from.image, err = o.Templates.Template(ctx, tenant, spec.Template)
	}
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		e := *glovebox.AsError(err)
		err = e.On("template").Try("see `glovebox template list`")
	}
	if err == nil {
		spec, err = o.shape(spec, from.template)
	}
	return spec, from, err
}

// shape fills in what the job leaves to the template, and refuses what it cannot
// have.
func (o *Orchestrator) shape(spec glovebox.Spec, t glovebox.WarmTemplate) (glovebox.Spec, error) {
	if t.Snapshot == "" || t.Tenant == "" {
		return spec, glovebox.Errorf(glovebox.KindInvalid, "template %q has no snapshot to go on from", t.Name).On("template").
			Try("leave it out: its sandboxes are taken without asking")
	}
	if spec.Image == "" {
		spec.Image = t.Image
	}
	if name, err := o.Images.Normalize(spec.Image); err != nil || name != t.Image {
		return spec, glovebox.Errorf(glovebox.KindInvalid, "the template is of image %s", t.Image).On("containerImage").Try("leave it out, or name that one")
	}
	if spec.User == "" {
		spec.User = t.Saved.User
	}
	if spec.User != t.Saved.User {
		return spec, fixed("user", t.Saved.User)
	}
	l, saved := &spec.Limits, t.Saved.Limits
	for _, x := range []struct {
		field string
		v     *int64
		saved int64
		fixed bool
	}{
		{"memory", &l.Memory, saved.Memory, false}, {"pids", &l.Pids, saved.Pids, false}, {"output", &l.Output, saved.Output, false},
		{"disk", &l.Disk, saved.Disk, true}, {"inodes", &l.Inodes, saved.Inodes, true}, {"files", &l.Files, saved.Files, true},
	} {
		if *x.v == 0 {
			*x.v = x.saved
		}
		if x.fixed && *x.v != x.saved {
			return spec, fixed("limits."+x.field, x.saved)
		}
	}
	if l.CPUs == 0 {
		l.CPUs = saved.CPUs
	}
	if (spec.StdinStream || len(spec.Stdin) > 0) && !t.Saved.Stdin {
		return spec, glovebox.Errorf(glovebox.KindInvalid, "the job that was saved had no stdin, so this one cannot have one").On("stdin").
			Try("leave it out, or save a job that has one")
	}
	return spec, nil
}

func fixed(field string, value any) error {
	return glovebox.Errorf(glovebox.KindInvalid, "the program of the template runs already, with %v", value).On(field).
		Try("leave it out, or use that")
}

// resolve gives the job the template's image and the command that its program is
// told.
func (f *origin) resolve(job glovebox.Job) (glovebox.Job, error) {
	usual := f.image.Defaults
	if len(usual.Entrypoint)+len(usual.Cmd)+len(job.Spec.Entrypoint)+len(job.Spec.Cmd) == 0 {
		usual.Cmd = []string{f.template.Name} // nothing is started, so nothing needs to be named
	}
	command, err := job.Spec.Command(usual)
	if err != nil {
		return glovebox.Job{}, err
	}
	command.Snapshot, command.Node = f.template.Snapshot, f.template.Saved.Node
	job, _, err = engine.Step(job, engine.Resolved{
		Image: glovebox.ImageRef{Name: job.Image.Name, Digest: f.template.Digest}, Command: command,
	}, job.CreatedAt)
	return job, err
}
