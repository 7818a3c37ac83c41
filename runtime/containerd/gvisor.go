package containerd

import (
	"context"

	"github.com/containerd/containerd/v2/core/sandbox"
	"github.com/containerd/errdefs"

	"glovebox"
)

const (
	// groupID is the one sandbox in containerd's sense: all containers of our
	// gVisor shim. containerd needs the record to reach a shim that it has not
	// started itself.
	groupID = "gvisor"
	// taskVersion is the version of the task service that the shim speaks.
	taskVersion = 3
)

// ensureGroup makes the record where it does not exist.
func (r *Runtime) ensureGroup(ctx context.Context) error {
	err := r.call(ctx, patience, func(ctx context.Context) error {
		store := r.client.SandboxStore()
		_, err := store.Get(ctx, groupID)
		if !errdefs.IsNotFound(err) {
			return err
		}
		_, err = store.Create(ctx, sandbox.Sandbox{
			ID:        groupID,
			Sandboxer: "glovebox", // nobody's: containerd must not start or stop it
			Runtime:   sandbox.RuntimeOpts{Name: r.config.ShimBinary},
			Labels:    map[string]string{labelInstance: r.config.Instance},
		})
		if errdefs.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return glovebox.Errorf(glovebox.KindStart, "record the group of gVisor sandboxes: %w", err)
	}
	return nil
}
