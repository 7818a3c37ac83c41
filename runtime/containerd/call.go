package containerd

import (
	"context"
	"time"

	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"google.golang.org/grpc/status"

	"glovebox"
)

const (
	// patience is how long a call that makes or changes something waits for a
	// containerd that is away. It boots in well under a second.
	patience = 30 * time.Second
	// glance is how long a call that only looks waits for it.
	glance = 3 * time.Second
	// pause is the first pause before asking again.
	pause = 5 * time.Millisecond
)

// call does one thing with containerd, again if containerd went away while it
// was at it. So do must be safe to repeat: it sees as AlreadyExists or NotFound
// what an earlier try did without telling.
func (r *Runtime) call(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for wait := pause; ; wait = min(2*wait, 200*time.Millisecond) {
		err := native(do(ctx))
		if ctx.Err() != nil && err != nil {
			return glovebox.Errorf(glovebox.KindUnavailable, "containerd does not answer: %w", err).
				Try("see whether containerd runs and listens at %s", r.config.Daemon.Address)
		}
		if !errdefs.IsUnavailable(err) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// native turns what came over the wire into containerd's own errors; some
// parts of its client do that, some do not.
func native(err error) error {
	if _, wire := status.FromError(err); wire {
		return errgrpc.ToNative(err)
	}
	return err
}

// gone says whether a call found that its object does not exist.
func gone(err error) bool { return err == nil || errdefs.IsNotFound(err) }
