package containerd

import (
	"context"

	"glovebox"
	"glovebox/runtime/containerd/internal/ocispec"
)

// specifyRestored is the specification of a job that a saved program can
// become: all that cannot be changed once it runs is the saved job's.
func (r *Runtime) specifyRestored(ctx context.Context, id string, t glovebox.Template) (specified, error) {
	from, err := r.saved(t.Snapshot)
	if err != nil {
		return specified{}, err
	}
	switch {
	case t.Tenant == "" || t.Tenant != from.Tenant:
		return specified{}, glovebox.Errorf(glovebox.KindDenied, "snapshot %s is another tenant's", t.Snapshot).On("snapshot")
	case t.Image.Digest != from.Image:
		return specified{}, glovebox.Errorf(glovebox.KindInvalid, "snapshot %s is of image %s", t.Snapshot, from.Image).On("image")
	case t.Interpreter != "":
		return specified{}, glovebox.Errorf(glovebox.KindInvalid, "a program that was saved is no interpreter").On("interpreter")
	}
	dir, err := r.heldImage(ctx, t.Image)
	if err != nil {
		return specified{}, err
	}
	usual := t.Image.Defaults
	sandbox, _, err := r.inspect(glovebox.SandboxSpec{
		ID: id, Image: t.Image, Runtime: glovebox.RuntimeGVisor, Args: []string{t.Name}, Env: usual.Env,
		User: from.User, Limits: from.Limits, Snapshot: t.Snapshot, Network: t.Network, Netns: t.Netns,
	}, id, dir)
	if err != nil {
		return specified{}, err
	}
	spec, err := r.specifyGVisor(ctx, sandbox, dir)
	if err == nil {
		ocispec.ParkRestored(spec.OCI, r.snapshotDir(t.Snapshot, stateDir), from.Limits.Memory, t.Urgent)
	}
	return spec, err
}

// checkRestored refuses a job that a parked sandbox may not become because of
// whose program is in it, or because there is none.
func checkRestored(p parked, s glovebox.SandboxSpec) error {
	t := p.Template
	switch {
	case t.Snapshot != s.Snapshot:
		return glovebox.Errorf(glovebox.KindInvalid, "parked sandbox %s goes on from snapshot %q, not %q", s.Parked, t.Snapshot, s.Snapshot).On("parked").
			Try("take one of another template")
	case t.Snapshot != "" && t.Tenant != s.Tenant:
		return glovebox.Errorf(glovebox.KindDenied, "parked sandbox %s is another tenant's", s.Parked).On("parked")
	}
	return nil
}
