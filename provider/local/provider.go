package local

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
	"glovebox/internal/nodev1/nodev1connect"
)

// Kind is the kind of the one resource that an attempt has on a node.
const Kind = "sandbox"

// Reports takes what nodes tell. It must be quick and must not call back.
type Reports interface {
	// Report passes on news of an attempt.
	Report(glovebox.Report)
	// NodeSeen tells that a node has called, and what it is.
	NodeSeen(glovebox.Node)
}

// Output is where shipped output goes and stdin comes from.
type Output interface {
	// Append stores p at offset of the stream ("stdout", "stderr", "events",
	// "artifacts" or "artifacts.index") and returns the stream's size; repeats are fine, a gap is KindConflict.
	Append(ctx context.Context, job string, attempt int, stream string, offset int64, p []byte) (int64, error)
	// Sizes says how much of each stream is stored.
	Sizes(ctx context.Context, job string, attempt int) (glovebox.StreamSizes, error)
	// Stdin calls send with the job's input from offset on, as it arrives,
	// until its end.
	Stdin(ctx context.Context, job string, offset int64, send func([]byte) error) error
}

// Images finds what nodes need to run an image.
type Images interface {
	// ByDigest returns the record of an image that was resolved before.
	ByDigest(ctx context.Context, digest string) (glovebox.Image, error)
	// ReadBlob calls send with a blob's bytes from offset on.
	ReadBlob(ctx context.Context, digest string, offset int64, send func([]byte) error) error
}

// Provider implements glovebox.Provider and the control side of the agent
// protocol.
type Provider struct {
	nodev1connect.UnimplementedNodeServiceHandler
	output Output
	images Images
	files  Files // nil: there are none
	opener Opener
	log    *slog.Logger
	hold   time.Duration // how long a Sync is held when there is no news
	now    func() time.Time
	epoch  string // of this process, so that no node takes another's revision for ours

	mu      sync.Mutex
	reports Reports
	open    chan struct{} // closed when the orchestrator has named every job
	nodes   map[string]*node
	orders  map[string]*order // by sandbox id

	saves     map[string]*saving // by the snapshot's name
	templates *nodev1.Templates  // nil: not known yet
	shared    map[string]bool    // digests of the blobs that these need
}

// node is what is known of a node.
type node struct {
	run      string
	past     []string // runs before it, the latest last; at most maxPast
	sequence uint64
	revision uint64        // of the list of orders; grows with each change
	changed  chan struct{} // closed and replaced when revision grows
	have     map[string]*nodev1.Sandbox
	newly    uint64         // the revision since which the templates are as they are
	pools    []*nodev1.Pool // as of seen
	seen     time.Time
}

// order is one sandbox that should exist on a node.
type order struct {
	node    string
	job     string
	attempt int
	wire    *nodev1.Order
	image   glovebox.Image
	limit   int64 // of output bytes
	room    int64 // for artifacts and the list of them, in bytes

	last  *nodev1.Sandbox   // what was reported last; nil = nothing yet
	found []*nodev1.Finding // that were reported last
	// began says that the command may have been started: the attempt is spent,
	// and if the node does not have it any more it is lost. So it is if the
	// order was told to an earlier boot of the node.
	began bool
	boot  string // of the node when it was told first; "" = not told
	lost  bool

	// removed orders stay until the node has shown that it has neither the
	// sandbox nor the order any more: by a list without it that was made after
	// an answer of revision removedAt or later was carried out. Lists that were
	// under way meanwhile, also those of an agent that is gone, prove nothing.
	removed   bool
	removedAt uint64
}

var _ glovebox.Provider = (*Provider)(nil)

// New returns a provider that answers no node until Open.
func New(output Output, images Images, log *slog.Logger) *Provider {
	return &Provider{
		output: output, images: images, log: log, hold: 20 * time.Second, now: time.Now,
		epoch: glovebox.NewID("r"), open: make(chan struct{}), nodes: map[string]*node{}, orders: map[string]*order{}, saves: map[string]*saving{},
	}
}

// Open starts answering nodes. It is called once, after Make was called for
// every job that is not archived.
func (p *Provider) Open(r Reports) {
	p.mu.Lock()
	p.reports = r
	p.mu.Unlock()
	close(p.open)
}

// Plan names the attempt's sandbox. The attempt that is planned is the one
// after the last that was placed.
func (p *Provider) Plan(job glovebox.Job) []glovebox.Resource {
	return []glovebox.Resource{{
		Job: job.ID, Kind: Kind, Name: glovebox.SandboxID(job.ID, job.Attempt+1), Node: job.Node,
		Attempt: job.Attempt + 1, State: glovebox.ResourceIntent,
	}}
}

// Make orders the sandbox. If the job is cancelled, or has ended without the
// node knowing of it, the order is to stop.
func (p *Provider) Make(ctx context.Context, job glovebox.Job, r glovebox.Resource) (glovebox.Resource, error) {
	p.mu.Lock()
	o, known := p.orders[r.Name]
	p.mu.Unlock()
	if !known {
		made, err := p.newOrder(ctx, job, r)
		if err != nil {
			return r, err
		}
		o = made
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now, ok := p.orders[r.Name]; ok {
		o, known = now, true // somebody else was faster
	}
	if o.removed {
		return r, nil
	}
	stop := job.Cancel != nil || job.Status.Ended() && !o.exited()
	if !known || stop && !o.wire.GetStop() {
		w := cloneOrder(o.wire)
		w.Stop = stop
		o.wire = w
		p.orders[r.Name] = o
		p.bump(o.node)
	}
	if _, ok := p.node(o.node).have[r.Name]; ok {
		r.State = glovebox.ResourceObserved
	}
	return r, nil
}

// Remove takes the order back. It cannot know by itself that the resource is
// gone, not even if it never told a node: an earlier process may have.
func (p *Provider) Remove(_ context.Context, job glovebox.Job, r glovebox.Resource) (glovebox.Resource, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o, ok := p.orders[r.Name]
	if !ok {
		o = &order{node: r.Node, job: job.ID, attempt: r.Attempt}
		p.orders[r.Name] = o
	}
	if !o.removed {
		o.removed = true
		o.removedAt = p.bump(o.node)
	}
	r.State = glovebox.ResourceDeleting
	return r, nil
}

// Owned lists what nodes have.
func (p *Provider) Owned(context.Context) ([]glovebox.Resource, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []glovebox.Resource
	for name, n := range p.nodes {
		for id, s := range n.have {
			all = append(all, glovebox.Resource{Job: s.GetJob(), Kind: Kind, Name: id, Node: name, Attempt: int(s.GetAttempt()), State: glovebox.ResourceObserved})
		}
	}
	return all, nil
}

// node returns the entry of a name, making it if need be; p.mu is held.
func (p *Provider) node(name string) *node {
	n, ok := p.nodes[name]
	if !ok {
		n = &node{changed: make(chan struct{}), have: map[string]*nodev1.Sandbox{}}
		p.nodes[name] = n
	}
	return n
}

// bump wakes the held call of a node and returns the new revision; p.mu is held.
func (p *Provider) bump(name string) uint64 {
	n := p.node(name)
	n.revision++
	close(n.changed)
	n.changed = make(chan struct{})
	return n.revision
}

// exited says whether the node has reported the end; p.mu is held.
func (o *order) exited() bool { return o.last.GetPhase() == nodev1.Phase_PHASE_EXITED }
