package orchestrator

import (
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
	return f.refusal(spec.Runtime, spec.Limits.Memory)
}

// hopeless is canRun for a job that was accepted before the nodes were known.
func (f *fleet) hopeless(spec glovebox.Spec, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.since) < hopeTime {
		return nil
	}
	return f.refusal(spec.Runtime, spec.Limits.Memory)
}

// possible says whether it makes sense to wait for w, as refusal does and
// without saying why; f.mu is held.
func (f *fleet) possible(w *waiter) bool {
	most, ok := f.largest[w.runtime]
	return len(f.nodes) == 0 || ok && w.share.memory <= most
}

// measure sums the nodes up; f.mu is held.
func (f *fleet) measure() {
	f.whole, f.largest = share{}, map[string]int64{}
	for _, n := range f.nodes {
		f.whole = f.whole.plus(share{jobs: n.Capacity.Sandboxes, memory: n.Capacity.Memory})
		for _, runtime := range n.Runtimes {
			f.largest[runtime] = max(f.largest[runtime], n.Capacity.Memory)
		}
	}
}

// refusal says why no node could run a job; f.mu is held.
func (f *fleet) refusal(wants string, needs int64) error {
	if len(f.nodes) == 0 {
		return nil
	}
	memory, runtime := f.largest[wants]
	switch {
	case !runtime:
		return glovebox.Errorf(glovebox.KindRuntime, "no node has the runtime %q", wants).On("runtime").
			Try("install it on a node, or use %s", glovebox.RuntimeGVisor)
	case needs > memory:
		return glovebox.Errorf(glovebox.KindInvalid, "no node with the runtime %q has %d bytes of memory", wants, needs).
			On("limits.memory").Try("ask for at most %d", memory)
	}
	return nil
}
