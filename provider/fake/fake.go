package fake

import (
	"context"
	"sync"
	"time"

	"glovebox"
)

// Kind is the kind of the one resource of an attempt.
const Kind = "sandbox"

// Reports takes what the node tells. It is called without any lock held.
type Reports interface {
	Report(glovebox.Report)
	NodeSeen(glovebox.Node)
}

// Step names what can be made to fail.
type Step string

// The steps.
const (
	StepMake   Step = "make"   // before anything was made
	StepMade   Step = "made"   // after it was made: the reply is lost
	StepRemove Step = "remove" // before anything was removed
	StepOwned  Step = "owned"
)

// Provider is the imaginary node and control's view of it. Set the fields
// before use.
type Provider struct {
	Node glovebox.Node
	Host *glovebox.Host // what it says of itself; nil: nothing

	StartTime  time.Duration // from Make to the command's start
	StopTime   time.Duration // from the order to stop to the end
	RemoveTime time.Duration // from Remove to gone; 0 = at once, as Remove's own answer

	// Fail is asked before each step; what it returns is the step's error.
	Fail func(Step, glovebox.Resource) error
	// Deliver stands between the node and control: it may drop, repeat,
	// delay or reorder reports. It must not keep a lock while it calls send.
	Deliver func(r glovebox.Report, send func(glovebox.Report))
	// Ship takes what a script writes, before its end is reported.
	Ship func(job string, attempt int, stdout []byte)

	mu      sync.Mutex
	reports Reports
	boxes   map[string]*box
	tombs   map[string]bool // removed names: an attempt is made at most once
	starts  map[string]int
	most    int // sandboxes at one time
}

var _ glovebox.Provider = (*Provider)(nil)

// New returns a provider whose node has room for so many sandboxes.
func New(sandboxes int64) *Provider {
	return &Provider{
		Node: glovebox.Node{
			Name: "n1", Boot: "boot", Platform: "linux/amd64", Runtimes: []string{glovebox.RuntimeGVisor},
			Capacity: glovebox.Capacity{Sandboxes: sandboxes, Memory: 1 << 50},
		},
		boxes: map[string]*box{}, tombs: map[string]bool{}, starts: map[string]int{},
	}
}

// Plan implements glovebox.Provider.
func (p *Provider) Plan(job glovebox.Job) []glovebox.Resource {
	return []glovebox.Resource{{
		Job: job.ID, Kind: Kind, Name: glovebox.SandboxID(job.ID, job.Attempt+1), Node: job.Node,
		Attempt: job.Attempt + 1, State: glovebox.ResourceIntent,
	}}
}

// Make implements glovebox.Provider.
func (p *Provider) Make(_ context.Context, job glovebox.Job, r glovebox.Resource) (glovebox.Resource, error) {
	if err := p.fails(StepMake, r); err != nil {
		return r, err
	}
	p.mu.Lock()
	b, ok := p.boxes[r.Name]
	switch {
	case ok:
		b.ordered = true
	case p.tombs[r.Name]:
		r.State = glovebox.ResourceGone // it was, and will not be again
	default:
		b = &box{p: p, r: r, script: job.Command.Args, ordered: true}
		p.boxes[r.Name] = b
		p.most = max(p.most, len(p.boxes))
		b.after(p.StartTime, b.start)
	}
	if b != nil {
		r.State = glovebox.ResourceObserved
		if (job.Cancel != nil || job.Status.Ended()) && !b.stopped {
			b.stopped = true
			b.after(p.StopTime, b.stop)
		}
	}
	p.mu.Unlock()
	return r, p.fails(StepMade, r)
}

// Remove implements glovebox.Provider.
func (p *Provider) Remove(_ context.Context, _ glovebox.Job, r glovebox.Resource) (glovebox.Resource, error) {
	if err := p.fails(StepRemove, r); err != nil {
		return r, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.boxes[r.Name]
	switch {
	case !ok || p.RemoveTime == 0:
		p.bury(r.Name)
		r.State = glovebox.ResourceGone
	case !b.removing:
		b.removing, b.ordered = true, true
		b.after(p.RemoveTime, b.remove)
		fallthrough
	default:
		r.State = glovebox.ResourceDeleting
	}
	return r, nil
}

// Owned implements glovebox.Provider.
func (p *Provider) Owned(context.Context) ([]glovebox.Resource, error) {
	if err := p.fails(StepOwned, glovebox.Resource{}); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []glovebox.Resource
	for _, b := range p.boxes {
		r := b.r
		r.State = glovebox.ResourceObserved
		all = append(all, r)
	}
	return all, nil
}

func (p *Provider) fails(s Step, r glovebox.Resource) error {
	if p.Fail == nil {
		return nil
	}
	return p.Fail(s, r)
}

// bury removes a sandbox for good; p.mu is held.
func (p *Provider) bury(name string) {
	delete(p.boxes, name)
	p.tombs[name] = true
}
