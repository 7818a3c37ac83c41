package orchestrator

import (
	"slices"
	"sync"

	"glovebox"
)

// fleet knows the nodes, who has room on them, and who waits, first come first
// served. It is a view: what was placed stands in the jobs, and recover tells
// it again after a restart.
type fleet struct {
	mu    sync.Mutex
	nodes map[string]glovebox.Node
	taken map[string]share // by job
	line  []string         // ids of jobs that wait
}

// share is what a job takes of a node.
type share struct {
	node   string
	memory int64
}

func newFleet() *fleet {
	return &fleet{nodes: map[string]glovebox.Node{}, taken: map[string]share{}}
}

// seen notes a node and returns the jobs that may fit now.
func (f *fleet) seen(n glovebox.Node) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	old, known := f.nodes[n.Name]
	f.nodes[n.Name] = n
	if known && old.Capacity == n.Capacity {
		return nil
	}
	return slices.Clone(f.line)
}

// reserve takes room for a job, or puts it in line. Nobody overtakes.
func (f *fleet) reserve(job glovebox.Job) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.taken[job.ID]; ok {
		return s.node, true
	}
	place := slices.Index(f.line, job.ID)
	if place <= 0 && (place == 0 || len(f.line) == 0) {
		for name, n := range f.nodes {
			if f.fits(n, job.Spec) {
				f.taken[job.ID] = share{name, job.Spec.Limits.Memory}
				if place == 0 {
					f.line = f.line[1:]
				}
				return name, true
			}
		}
	}
	if place < 0 {
		f.line = append(f.line, job.ID)
	}
	return "", false
}

// fits says whether a node has room; f.mu is held.
func (f *fleet) fits(n glovebox.Node, spec glovebox.Spec) bool {
	sandboxes, memory := int64(0), int64(0)
	for _, s := range f.taken {
		if s.node == n.Name {
			sandboxes++
			memory += s.memory
		}
	}
	return sandboxes < n.Capacity.Sandboxes && memory+spec.Limits.Memory <= n.Capacity.Memory &&
		slices.Contains(n.Runtimes, spec.Runtime)
}

// canRun refuses what no node could run even if it were empty. While no node
// is known, everything may be possible.
func (f *fleet) canRun(spec glovebox.Spec) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.nodes) == 0 {
		return nil
	}
	runtime, memory := false, int64(0)
	for _, n := range f.nodes {
		runtime = runtime || slices.Contains(n.Runtimes, spec.Runtime)
		memory = max(memory, n.Capacity.Memory)
	}
	switch {
	case !runtime:
		return glovebox.Errorf(glovebox.KindRuntime, "no node has the runtime %q", spec.Runtime).On("runtime").
			Try("install it on a node, or use %s", glovebox.RuntimeGVisor)
	case spec.Limits.Memory > memory:
		return glovebox.Errorf(glovebox.KindInvalid, "no node has %d bytes of memory", spec.Limits.Memory).On("limits.memory").
			Try("ask for at most %d", memory)
	}
	return nil
}

// adopt notes a job that was placed before.
func (f *fleet) adopt(job glovebox.Job) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken[job.ID] = share{job.Node, job.Spec.Limits.Memory}
}

// release gives a job's room, or its place in line, back and returns the jobs
// that may fit now.
func (f *fleet) release(id string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, had := f.taken[id]
	delete(f.taken, id)
	place := slices.Index(f.line, id)
	if place >= 0 {
		f.line = slices.Delete(f.line, place, place+1)
	}
	if had || place == 0 {
		return slices.Clone(f.line[:min(len(f.line), 1)])
	}
	return nil
}

// head returns the job that waits longest, if any.
func (f *fleet) head() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.line[:min(len(f.line), 1)])
}

func (f *fleet) waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.line)
}

func (f *fleet) placed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.taken)
}
