package agent

import (
	"cmp"
	"context"
	"path/filepath"
	"sync"

	"glovebox"
	"glovebox/internal/nodev1"
)

// Agent is one node's daemon. Make it with New, then Run it once.
type Agent struct {
	cfg    Config
	run    string               // random, new with every agent
	stdin  glovebox.StdinCloser // the runtime, if it keeps stdin open; else nil, see stdin.go
	starts chan struct{}
	loads  chan struct{} // has a place for each sandbox whose input files may be in memory
	spares spares
	pool   *pool
	saves  *saves
	looks  looks

	changed chan struct{} // holds one token while there is something to report
	ended   chan struct{} // the same, if somebody waits for it

	mu        sync.Mutex
	sandboxes map[string]*sandbox
	refused   map[string]*nodev1.Sandbox // orders that cannot be carried out
	past      tombs
	known     string // revision of the last answer carried out
	sequence  uint64 // of the last call

	wg sync.WaitGroup // one for each sandbox's goroutine, and the spares'

	// halt lets a test stop a sandbox's goroutine dead before a named step,
	// which is what a kill -9 at that line does.
	halt func(id, step string) bool
}

// New checks the configuration and returns an agent that does nothing yet.
func New(cfg Config) (*Agent, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	closer, _ := cfg.Runtime.(glovebox.StdinCloser)
	if cfg.Collector == nil {
		cfg.Collector, _ = cfg.Runtime.(glovebox.Collector)
	}
	if cfg.Parker == nil {
		cfg.Parker, _ = cfg.Runtime.(glovebox.Parker)
	}
	if cfg.Watcher == nil {
		cfg.Watcher, _ = cfg.Runtime.(glovebox.Watcher)
	}
	saver, _ := cfg.Parker.(glovebox.Saver)
	cfg.Runtime = LogRuntime(cfg.Runtime, cfg.Log)
	cfg.Client = logClient(cfg.Client, cfg.Log)
	a := &Agent{
		cfg: cfg, run: glovebox.NewID("run-"), stdin: closer,
		starts:    make(chan struct{}, cfg.Starts),
		loads:     make(chan struct{}, maxLoads),
		looks:     looks{turn: make(chan struct{}, 1)},
		spares:    spares{filepath.Join(cfg.Dir, dirSpare), make(chan string, spareReady)},
		changed:   make(chan struct{}, 1),
		ended:     make(chan struct{}, 1),
		sandboxes: map[string]*sandbox{},
		refused:   map[string]*nodev1.Sandbox{},
		pool:      newPool(cfg.Pool, cfg.Parker, cfg.Log),
		saves:     newSaves(saver, cfg.Log),
	}
	a.saves.told, a.saves.found, a.saves.tenant = a.notify, a.pool.setSnapshots, a.tenantOf
	a.pool.changed = a.notify
	a.pool.fetch = func(ctx context.Context, img glovebox.Image) error {
		return cfg.Images.EnsureImage(ctx, img, a.fetchBlob)
	}
	if cfg.Network != (noNetwork{}) {
		a.pool.withNetwork(cfg.Network.Attach)
	}
	a.pool.remove = func(ctx context.Context, id string) []glovebox.Residue { return a.destroy(ctx, id, "") }
	return a, nil
}

// Run serves until ctx ends and then returns nil, leaving the sandboxes of jobs
// running for the next agent over the same folder, and none that are parked. It
// fails only if it cannot begin: KindInUse if another agent has the folder.
func (a *Agent) Run(ctx context.Context) error {
	unlock, err := takeDir(a.cfg.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	defer a.wg.Wait()
	if err := a.takeStock(ctx); err != nil {
		return err
	}
	a.wg.Go(func() { a.spares.fill(ctx) })
	a.wg.Go(func() { a.pool.run(ctx) })
	a.wg.Go(func() { a.saves.run(ctx) })
	a.syncLoop(ctx)
	a.wg.Wait()
	if a.halt == nil || !a.halt("", "drain") {
		a.pool.drain(func(ctx context.Context, id string) error {
			return cmp.Or(a.cfg.Runtime.Destroy(ctx, id), a.detach(ctx, id))
		})
	}
	return nil
}

// launch gives a sandbox its goroutine. The caller holds a.mu.
func (a *Agent) launch(ctx context.Context, s *sandbox, first state) {
	a.sandboxes[s.id] = s
	a.wg.Go(func() {
		s.run(ctx, first)
		if !s.gone {
			return
		}
		a.mu.Lock()
		delete(a.sandboxes, s.id)
		a.past.add(s.id)
		if s.wish().ordered {
			a.refuse(s.id, s.job, s.attempt, lost(errRanBefore()))
		}
		a.mu.Unlock()
		a.notifyEnd()
	})
}

// tenantOf says whose a sandbox is that was ordered here.
func (a *Agent) tenantOf(job string, attempt int32) (tenant string, ok bool) {
	id, _ := sandboxID(job, attempt)
	a.mu.Lock()
	s := a.sandboxes[id]
	a.mu.Unlock()
	if s == nil {
		return "", false
	}
	w := s.wish()
	return w.order.GetWork().GetTenant(), w.ordered
}

// notify makes the sync loop report soon.
func (a *Agent) notify() { signal(a.changed) }

// notifyEnd makes it report at once, if that is not too often.
func (a *Agent) notifyEnd() { signal(a.ended) }

// signal puts the one token into ch that it has room for.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// others are the sandboxes that may exist, parked ones too; true but for those named.
func (a *Agent) others(but map[string]bool) map[string]bool {
	live := map[string]bool{}
	for _, id := range a.pool.ids() {
		live[id] = !but[id]
	}
	for _, name := range a.saves.names() {
		live[name] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, s := range a.sandboxes {
		live[id] = !but[id]
		if was := s.parkedAs(); was != "" {
			live[was] = !but[id]
		}
	}
	return live
}
