package containerd

import (
	"context"
	"time"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/errdefs"
	"github.com/containerd/typeurl/v2"

	"glovebox"
)

// Labels of containers.
const (
	labelInstance = "dev.glovebox.instance"
	labelTenant   = "dev.glovebox.tenant"
	labelImage    = "dev.glovebox.image"
	labelParked   = "dev.glovebox.parked" // "true" if it was made before its job
)

// undoTime is how long a failed Create cleans up after itself, whatever became
// of the caller's context.
const undoTime = 10 * time.Second

// Create implements glovebox.Runtime.
func (r *Runtime) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	if s.Parked != "" {
		return r.claim(ctx, s)
	}
	if err := r.check(s); err != nil {
		return err
	}
	if s.Snapshot != "" { // its program comes with a parked sandbox, or not at all
		return unparked(s.Parked)
	}
	unlock, err := r.ids.lock(ctx, s.ID)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.busy(ctx, s.ID); err != nil {
		return err
	}
	if err := r.newFolder(s.ID); err != nil {
		return err
	}
	before := r.lives(s.Runtime)
	err = r.newRecord(s, s.ID)
	if err == nil {
		err = r.make(ctx, s)
	}
	if err == nil {
		return nil
	}
	if !r.livedOn(ctx, before, s.Runtime) {
		err = deserted(s.ID, err)
	}
	return r.undo(ctx, names{s.ID, s.ID}, startFault(s.ID, err))
}

// check refuses what cannot be made here.
func (r *Runtime) check(s glovebox.SandboxSpec) error {
	if err := checkID(s.ID); err != nil {
		return err
	}
	if err := glovebox.CheckFiles(s.Files); err != nil {
		return err
	}
	return r.offers(s.Runtime)
}

func (r *Runtime) offers(runtime string) error {
	if r.config.has(runtime) {
		return nil
	}
	return glovebox.Errorf(glovebox.KindRuntime, "runtime %q is not on this node", runtime).On("runtime").
		Try("this node has %v", r.config.Runtimes)
}

// undo removes what was made before err, and returns that.
func (r *Runtime) undo(ctx context.Context, n names, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	r.forget(n.id)
	if left := r.destroy(ctx, n); left != nil {
		// The agent destroys what no order names, so this is not lost.
		return glovebox.Errorf(glovebox.KindOf(err), "%w; and then: %v", err, left)
	}
	return err
}

// busy refuses an id of which containerd still has something, although its
// folder is gone.
func (r *Runtime) busy(ctx context.Context, id string) error {
	err := r.call(ctx, patience, func(ctx context.Context) error {
		_, err := r.client.ContainerService().Get(ctx, id)
		return err
	})
	if err == nil {
		return glovebox.Errorf(glovebox.KindConflict, "sandbox %s exists", id).Try("destroy it first")
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return startFault(id, err)
}

// make makes everything of a sandbox whose record exists.
func (r *Runtime) make(ctx context.Context, s glovebox.SandboxSpec) error {
	spec, err := r.specify(ctx, s, s.ID)
	if err != nil {
		return err
	}
	labels := map[string]string{labelInstance: r.config.Instance, labelTenant: s.Tenant, labelImage: s.Image.Digest}
	if err := r.makeContainer(ctx, s.ID, s.Image.Name, labels, spec); err != nil {
		return err
	}
	if err := r.makeTask(ctx, s.ID, spec.Group, s.Stdio); err != nil {
		return err
	}
	return r.giveFiles(ctx, s)
}

func (r *Runtime) makeContainer(ctx context.Context, id, image string, labels map[string]string, spec specified) error {
	encoded, err := typeurl.MarshalAny(spec.OCI)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "encode the specification: %w", err)
	}
	if spec.Group != "" {
		if err := r.ensureGroup(ctx); err != nil {
			return err
		}
	}
	return r.call(ctx, patience, func(ctx context.Context) error {
		_, err := r.client.ContainerService().Create(ctx, containers.Container{
			ID:        id,
			Labels:    labels,
			Image:     image,
			Runtime:   spec.Runtime,
			SandboxID: spec.Group,
			Spec:      encoded,
		})
		if errdefs.IsAlreadyExists(err) {
			return nil // ours, by a try whose reply was lost: the folder is exclusive
		}
		return err
	})
}

func (r *Runtime) makeTask(ctx context.Context, id, group string, stdio glovebox.Stdio) error {
	req := &tasks.CreateTaskRequest{ContainerID: id, Stdin: stdio.Stdin, Stdout: stdio.Stdout, Stderr: stdio.Stderr}
	if group != "" {
		req.TaskApiAddress, req.TaskApiVersion = "ttrpc+unix://"+r.config.ShimSocket, taskVersion
	}
	return r.call(ctx, patience, func(ctx context.Context) error {
		_, err := r.tasks.Create(ctx, req)
		if errdefs.IsAlreadyExists(native(err)) {
			return nil
		}
		return err
	})
}
