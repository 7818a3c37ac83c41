package containerd

import (
	"context"

	"glovebox"
	"glovebox/runtime/containerd/internal/ocispec"
)

// Park implements glovebox.Parker, for gVisor alone.
func (r *Runtime) Park(ctx context.Context, id string, t glovebox.Template) error {
	if err := checkID(id); err != nil {
		return err
	}
	if err := r.offers(glovebox.RuntimeGVisor); err != nil {
		return err
	}
	if err := checkInterpreter(t); err != nil {
		return err
	}
	unlock, err := r.ids.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.busy(ctx, id); err != nil {
		return err
	}
	if err := r.newFolder(id); err != nil {
		return err
	}
	before := r.lives(glovebox.RuntimeGVisor)
	err = r.newParked(id, t)
	if err == nil {
		err = r.park(ctx, id, t)
	}
	if err == nil {
		return nil
	}
	if !r.livedOn(ctx, before, glovebox.RuntimeGVisor) {
		err = deserted(id, err)
	}
	return r.undo(ctx, names{id, id}, startFault(id, err))
}

// park makes the container and the task of a parked sandbox whose record
// exists.
func (r *Runtime) park(ctx context.Context, id string, t glovebox.Template) error {
	spec, err := r.specifyParked(ctx, id, t)
	if err != nil {
		return err
	}
	labels := map[string]string{labelInstance: r.config.Instance, labelParked: "true"}
	if err := r.makeContainer(ctx, id, t.Image.Name, labels, spec); err != nil {
		return err
	}
	return r.makeTask(ctx, id, spec.Group, glovebox.Stdio{})
}

func (r *Runtime) specifyParked(ctx context.Context, id string, t glovebox.Template) (specified, error) {
	if t.Snapshot != "" {
		return r.specifyRestored(ctx, id, t)
	}
	if t.Interpreter != "" {
		return r.specifyInterpreter(ctx, id, t)
	}
	rootfs, err := r.parkedRoot(ctx, t.Image)
	if err != nil {
		return specified{}, err
	}
	oci := ocispec.Park(r.cgroupOf(id), rootfs)
	ocispec.Link(oci, t.Netns)
	return r.gvisorSpecified(oci), nil
}

// parkedRoot is the root of a template's image as a file; "" if it has none.
func (r *Runtime) parkedRoot(ctx context.Context, img glovebox.Image) (string, error) {
	if img.Digest == "" {
		return "", nil
	}
	if _, err := r.heldImage(ctx, img); err != nil {
		return "", err
	}
	return r.erofsImage(ctx, img)
}
