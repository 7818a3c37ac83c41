package containerd

import (
	"context"

	"glovebox"
)

// ErofsImage makes an image's root as a file.
func ErofsImage(ctx context.Context, r *Runtime, img glovebox.Image) (string, error) {
	return r.erofsImage(ctx, img)
}

// Witness notes which processes a sandbox of that runtime stands on now, and
// returns the question whether they are still the same.
func Witness(r *Runtime, runtime string) func() bool {
	before := r.lives(runtime)
	return func() bool { return r.livedOn(context.Background(), before, runtime) }
}
