package orchestrator

import (
	"slices"
	"time"

	"glovebox"
)

// hopeTime is how long after the first node a job may wait for one that can
// run it: after a restart the nodes call one after the other.
const hopeTime = time.Minute

// canRun refuses what no node could run even if it were empty. While no node
// is known, everything may be possible.
func (f *fleet) canRun(spec glovebox.Spec) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refusal(spec)
}

// hopeless is canRun for a job that was accepted before the nodes were known.
func (f *fleet) hopeless(spec glovebox.Spec, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.since) < hopeTime {
		return nil
	}
	return f.refusal(spec)
}

// possible says whether it makes sense to wait for w; f.mu is held.
func (f *fleet) possible(w waiter) bool { return f.refusal(w.spec) == nil }

// refusal says why no node could run a spec; f.mu is held.
func (f *fleet) refusal(spec glovebox.Spec) error {
	if len(f.nodes) == 0 {
		return nil
	}
	runtime, memory := false, int64(0)
	for _, n := range f.nodes {
		if slices.Contains(n.Runtimes, spec.Runtime) {
			runtime, memory = true, max(memory, n.Capacity.Memory)
		}
	}
	switch {
	case !runtime:
		return glovebox.Errorf(glovebox.KindRuntime, "no node has the runtime %q", spec.Runtime).On("runtime").
			Try("install it on a node, or use %s", glovebox.RuntimeGVisor)
	case spec.Limits.Memory > memory:
		return glovebox.Errorf(glovebox.KindInvalid, "no node with the runtime %q has %d bytes of memory", spec.Runtime, spec.Limits.Memory).
			On("limits.memory").Try("ask for at most %d", memory)
	}
	return nil
}
