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
)

// undoTime is how long a failed Create cleans up after itself, whatever became
// of the caller's context.
const undoTime = 10 * time.Second

// Create implements glovebox.Runtime.
func (r *Runtime) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	if err := checkID(s.ID); err != nil {
		return err
	}
	if !r.config.has(s.Runtime) {
		return glovebox.Errorf(glovebox.KindRuntime, "runtime %q is not on this node", s.Runtime).On("runtime").
			Try("this node has %v", r.config.Runtimes)
	}
	unlock, err := r.ids.lock(ctx, s.ID)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.busy(ctx, s.ID); err != nil {
		return err
	}
	if _, err := r.newRecord(s); err != nil {
		return err
	}
	before := r.lives(s.Runtime)
	if err := r.make(ctx, s); err != nil {
		if !r.livedOn(ctx, before, s.Runtime) {
			err = deserted(s.ID, err)
		}
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		r.forget(s.ID)
		if left := r.destroy(undo, s.ID); left != nil {
			// The agent destroys what no order names, so this is not lost.
			return glovebox.Errorf(glovebox.KindOf(startFault(s.ID, err)), "%w; and then: %v", err, left)
		}
		return startFault(s.ID, err)
	}
	return nil
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

// make makes everything of a sandbox whose record exists. From then on its
// image cannot go away: RemoveImage looks at the records under the same lock.
func (r *Runtime) make(ctx context.Context, s glovebox.SandboxSpec) error {
	unlock, err := r.images.lock(ctx, s.Image.Digest)
	if err != nil {
		return err
	}
	image, err := r.mountedImage(ctx, s.Image)
	unlock()
	if err != nil {
		return err
	}
	if err := r.makeContainer(ctx, s, image); err != nil {
		return err
	}
	return r.makeTask(ctx, s)
}

func (r *Runtime) makeContainer(ctx context.Context, s glovebox.SandboxSpec, image string) error {
	spec, err := r.specify(ctx, s, image)
	if err != nil {
		return err
	}
	encoded, err := typeurl.MarshalAny(spec.OCI)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "encode the specification: %w", err)
	}
	return r.call(ctx, patience, func(ctx context.Context) error {
		_, err := r.client.ContainerService().Create(ctx, containers.Container{
			ID:        s.ID,
			Labels:    map[string]string{labelInstance: r.config.Instance, labelTenant: s.Tenant, labelImage: s.Image.Digest},
			Image:     s.Image.Name,
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

func (r *Runtime) makeTask(ctx context.Context, s glovebox.SandboxSpec) error {
	req := &tasks.CreateTaskRequest{
		ContainerID: s.ID,
		Stdin:       s.Stdio.Stdin,
		Stdout:      s.Stdio.Stdout,
		Stderr:      s.Stdio.Stderr,
	}
	if s.Runtime == glovebox.RuntimeGVisor {
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
