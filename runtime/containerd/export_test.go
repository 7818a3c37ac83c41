package containerd

import "context"

// Witness notes which processes a sandbox of that runtime stands on now, and
// returns the question whether they are still the same.
func Witness(r *Runtime, runtime string) func() bool {
	before := r.lives(runtime)
	return func() bool { return r.livedOn(context.Background(), before, runtime) }
}
