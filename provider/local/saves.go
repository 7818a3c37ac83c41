package local

import (
	"context"
	"slices"
	"strings"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

const (
	prefixSnapshot = "snap-"
	// keptFor is how long a snapshot stays wanted that no template has yet: its
	// template is being written down, and told to the nodes.
	keptFor = 10 * time.Minute
)

// saving is an order to save a sandbox.
type saving struct {
	node   string
	wire   *nodev1.Save
	ended  bool
	result chan *nodev1.Snapshot // gets one
}

// Save has a running job's sandbox written down on its node. The job goes on,
// or is killed in the state that was saved if end is set. The snapshot stays as
// long as a template has it that SetTemplates is told of, which must be soon; if
// that will not be, call Unsave. Errors: KindConflict (the job does not run),
// KindUnavailable (ctx ended before the node said anything), and the node's.
func (p *Provider) Save(ctx context.Context, job glovebox.Job, end bool) (glovebox.Snapshot, error) {
	none := glovebox.Snapshot{}
	name := glovebox.NewID(prefixSnapshot)
	p.mu.Lock()
	o := p.orders[glovebox.SandboxID(job.ID, job.Attempt)]
	if o == nil || o.removed || o.lost || o.wire.GetStop() || o.last.GetPhase() != nodev1.Phase_PHASE_RUNNING {
		p.mu.Unlock()
		return none, glovebox.Errorf(glovebox.KindConflict, "job %s is not running", job.ID).On("jobID").Try("save a job while it runs")
	}
	s := &saving{node: o.node, result: make(chan *nodev1.Snapshot, 1),
		wire: &nodev1.Save{Name: name, Job: o.job, Attempt: int32(o.attempt), End: end, Tenant: job.Tenant}}
	p.saves[name] = s
	p.bump(s.node)
	p.mu.Unlock()
	select {
	case got := <-s.result:
		if f := fault(got.GetFault()); f != nil {
			p.Unsave(name)
			return none, f
		}
		time.AfterFunc(keptFor, func() { p.Unsave(name) })
		return glovebox.Snapshot{Name: name, Tenant: job.Tenant, Image: job.Image.Digest, Bytes: got.GetSize(), Digest: clip(got.GetDigest()), Taken: p.now()}, nil
	case <-ctx.Done():
		p.Unsave(name)
		return none, glovebox.Errorf(glovebox.KindUnavailable, "saving job %s was given up: %w", job.ID, ctx.Err()).Try("try again")
	}
}

// Unsave says that nobody wants a snapshot that no template has.
func (p *Provider) Unsave(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.saves[name]; s != nil {
		delete(p.saves, name)
		p.bump(s.node)
	}
}

// saved takes what a node tells of orders to save; p.mu is held.
func (p *Provider) saved(node string, told []*nodev1.Snapshot) {
	for _, t := range told {
		if s := p.saves[t.GetName()]; s != nil && s.node == node && !s.ended {
			s.ended = true
			s.result <- t
		}
	}
}

// savesOf are the orders of a node; p.mu is held.
func (p *Provider) savesOf(node string) []*nodev1.Save {
	var all []*nodev1.Save
	for _, s := range p.saves {
		if s.node == node {
			all = append(all, s.wire)
		}
	}
	slices.SortFunc(all, func(a, b *nodev1.Save) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all
}
