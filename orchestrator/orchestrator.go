package orchestrator

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"glovebox"
	"glovebox/engine"
)

// Images resolves what jobs ask to run.
type Images interface {
	// Normalize returns the full form of a reference; KindInvalid.
	Normalize(name string) (string, error)
	// Find returns an image that is here already; KindImageUnknown.
	Find(ctx context.Context, tenant, name string) (glovebox.Image, error)
	// Resolve returns the image, fetching it if the policy says so, which may
	// take minutes. Errors: the image kinds.
	Resolve(ctx context.Context, tenant, name, policy string) (glovebox.Image, error)
}

// Output keeps what jobs write and read.
type Output interface {
	// Sizes says how much of each stream is stored.
	Sizes(ctx context.Context, job string, attempt int) (glovebox.StreamSizes, error)
	// Seal makes what is stored final and durable, and removes what former
	// attempts wrote.
	Seal(ctx context.Context, job string, attempt int) error
	// SealArtifacts checks what has come of an attempt's artifacts, and makes it
	// final and durable, or removes it if it is not a list and the bytes of it, or
	// more than the limit. It returns what is kept, or was refused; nil if nothing
	// has come.
	SealArtifacts(ctx context.Context, job string, attempt int, limit int64) (*glovebox.Artifacts, error)
	// PutStdin stores a job's whole input durably.
	PutStdin(ctx context.Context, job string, p []byte) error
	// Forget removes all that is kept of a job; again is fine.
	Forget(ctx context.Context, job string) error
}

// Tenants says what tenants may take. It is asked at each submit and each
// placement, so it should remember for a moment.
type Tenants interface {
	// Tenant returns a tenant's settings, complete; the default ones for a
	// tenant that has none. KindUnavailable.
	Tenant(ctx context.Context, id string) (glovebox.Tenant, error)
}

// Config is what an Orchestrator works with.
type Config struct {
	Store     glovebox.Store
	Provider  glovebox.Provider
	Images    Images
	Output    Output
	Tenants   Tenants   // nil: every tenant has the default settings
	Templates Templates // nil: jobs go on from none
	Secrets   Secrets   // nil: jobs have none
	Files     Files     // nil: jobs have none
	Receipts  Receipts  // nil: jobs end without

	// Forbidden are the addresses that no policy can open, so none may name
	// them; nil: none is known. PolicyChanged is told of each job whose policy
	// was changed, once that is stored, and returns soon; may be nil.
	Forbidden     func(netip.Addr) bool
	PolicyChanged func(glovebox.Job)

	Log *slog.Logger
	Now func() time.Time // time.Now if nil

	Holder    string // name of this process in leases
	Workers   int    // jobs looked at concurrently; default 8
	MaxQueued int    // jobs of all tenants that may wait; default 100,000
}

// leaseTime is how long others leave a job alone after a change to it.
const leaseTime = 30 * time.Second

// Orchestrator drives jobs. It implements the API's job service.
type Orchestrator struct {
	Config
	fleet    *fleet
	backlog  *backlog
	queue    *queue
	watchers *watchers
	draining atomic.Bool

	mu        sync.Mutex
	inbox     map[string][]engine.Event // reports that are not stored yet, by job
	resolving map[string]bool           // jobs whose image is being fetched
	attesting map[string]bool           // jobs with much output whose receipt is being made
	readers   chan struct{}             // has a place for each of these that may read at one time
	running   sync.WaitGroup
}

// New returns an orchestrator that accepts jobs and does nothing about them
// until Run.
func New(c Config) *Orchestrator {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Workers == 0 {
		c.Workers = 8
	}
	if c.MaxQueued == 0 {
		c.MaxQueued = 100_000
	}
	if c.Tenants == nil {
		c.Tenants = equals{}
	}
	if c.Receipts == nil {
		c.Receipts = noReceipts{}
	}
	return &Orchestrator{
		Config: c, fleet: newFleet(), backlog: newBacklog(), queue: newQueue(), watchers: newWatchers(),
		inbox: map[string][]engine.Event{}, resolving: map[string]bool{},
		attesting: map[string]bool{}, readers: make(chan struct{}, attestReaders),
	}
}

// Run drives jobs until ctx ends. It first names every unfinished job to the
// provider, then calls ready, and only then may the provider believe that a job
// it does not know is none of ours.
func (o *Orchestrator) Run(ctx context.Context, ready func()) error {
	if err := o.recover(ctx); err != nil {
		return err
	}
	ready()
	for range o.Workers {
		o.running.Go(func() { o.worker(ctx) })
	}
	o.running.Go(func() { o.sweep(ctx) })
	o.running.Go(func() { o.retain(ctx) })
	<-ctx.Done()
	o.queue.close()
	o.running.Wait()
	return nil
}

// Drain makes Submit refuse new jobs; those that were accepted go on.
func (o *Orchestrator) Drain() { o.draining.Store(true) }

// Waiting counts the jobs that wait for a place.
func (o *Orchestrator) Waiting() int { return o.fleet.waiting() }

// Running counts the jobs that have a place on a node.
func (o *Orchestrator) Running() int { return o.fleet.placed() }
