package orchestrator

import (
	"slices"
	"sync"
	"time"

	"glovebox"
)

// fleet knows the nodes, who has room on them, and who waits, first come first
// served. It is a view: what was placed stands in the jobs, and recover tells
// it again after a restart.
type fleet struct {
	mu    sync.Mutex
	since time.Time // the first node was seen
	nodes map[string]glovebox.Node
	taken map[string]share // by job
	line  []waiter
}

// share is what a job takes of a node.
type share struct {
	node   string
	memory int64
}

// waiter is a job in line.
type waiter struct {
	job  string
	spec glovebox.Spec
}

func newFleet() *fleet {
	return &fleet{nodes: map[string]glovebox.Node{}, taken: map[string]share{}}
}

// seen notes a node and returns the job that may fit now.
func (f *fleet) seen(n glovebox.Node, now time.Time) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.nodes) == 0 {
		f.since = now
	}
	old, known := f.nodes[n.Name]
	f.nodes[n.Name] = n
	if known && old.Capacity == n.Capacity && slices.Equal(old.Runtimes, n.Runtimes) {
		return nil
	}
	return f.first()
}

// reserve takes room for a job, or puts it in line. Nobody overtakes, except
// those who wait for what no node has.
func (f *fleet) reserve(job glovebox.Job) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.taken[job.ID]; ok {
		return s.node, true
	}
	place := f.place(job.ID)
	if place < 0 {
		place = len(f.line)
		f.line = append(f.line, waiter{job.ID, job.Spec})
	}
	if slices.ContainsFunc(f.line[:place], f.possible) {
		return "", false
	}
	for name, n := range f.nodes {
		if f.fits(n, job.Spec) {
			f.taken[job.ID] = share{name, job.Spec.Limits.Memory}
			f.line = slices.Delete(f.line, place, place+1)
			return name, true
		}
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

// adopt notes a job that was placed, and returns the job that may go on if that
// one was in its way.
func (f *fleet) adopt(job glovebox.Job) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken[job.ID] = share{job.Node, job.Spec.Limits.Memory}
	if f.leave(job.ID) {
		return f.first()
	}
	return nil
}

// release gives a job's room, or its place in line, back and returns the job
// that may fit now.
func (f *fleet) release(id string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, had := f.taken[id]
	delete(f.taken, id)
	if f.leave(id) || had {
		return f.first()
	}
	return nil
}

// head returns the job that is next, if any.
func (f *fleet) head() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first()
}

// known returns the jobs that take room, and the one that is next.
func (f *fleet) known() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := f.first()
	for id := range f.taken {
		ids = append(ids, id)
	}
	return ids
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

// first returns the job in line that nobody is before; f.mu is held.
func (f *fleet) first() []string {
	if i := slices.IndexFunc(f.line, f.possible); i >= 0 {
		return []string{f.line[i].job}
	}
	return nil
}

// place is a job's place in line, or -1; f.mu is held.
func (f *fleet) place(id string) int {
	return slices.IndexFunc(f.line, func(w waiter) bool { return w.job == id })
}

// leave takes a job out of the line, if it is there; f.mu is held.
func (f *fleet) leave(id string) bool {
	i := f.place(id)
	if i >= 0 {
		f.line = slices.Delete(f.line, i, i+1)
	}
	return i >= 0
}
