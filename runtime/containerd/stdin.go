package containerd

import (
	"context"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/errdefs"

	"glovebox"
)

var _ glovebox.StdinCloser = (*Runtime)(nil)

// CloseStdin implements glovebox.StdinCloser: both shims keep a stdin FIFO open
// for writing until they are told to let the job see its end.
func (r *Runtime) CloseStdin(ctx context.Context, id string) error {
	// A sandbox that is just being claimed is there, and has no stdin yet.
	unlock, err := r.ids.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := r.record(id)
	if err != nil {
		return err
	}
	err = r.call(ctx, patience, func(ctx context.Context) error {
		_, err := r.tasks.CloseIO(ctx, &tasks.CloseIORequest{ContainerID: rec.Container, Stdin: true})
		return err
	})
	if err == nil {
		return nil
	}
	if errdefs.IsNotFound(err) { // not made yet, or lost: Wait will tell
		return glovebox.Errorf(glovebox.KindUnavailable, "sandbox %s has no task", id)
	}
	return glovebox.Errorf(glovebox.KindUnavailable, "close stdin of sandbox %s: %w", id, err)
}
