package agent

import (
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
	spares spares

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
	cfg.Runtime = LogRuntime(cfg.Runtime, cfg.Log)
	cfg.Client = logClient(cfg.Client, cfg.Log)
	return &Agent{
		cfg: cfg, run: glovebox.NewID("run-"), stdin: closer,
		starts:    make(chan struct{}, cfg.Starts),
		spares:    spares{filepath.Join(cfg.Dir, dirSpare), make(chan string, spareReady)},
		changed:   make(chan struct{}, 1),
		ended:     make(chan struct{}, 1),
		sandboxes: map[string]*sandbox{},
		refused:   map[string]*nodev1.Sandbox{},
	}, nil
}

// Run serves until ctx ends and then returns nil, leaving the sandboxes
// running for the next agent over the same folder. It fails only if it cannot
// begin: KindInUse if another agent has the folder.
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
	a.syncLoop(ctx)
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

// others lists the sandboxes besides id that may exist.
func (a *Agent) others(id string) map[string]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	live := make(map[string]bool, len(a.sandboxes))
	for other := range a.sandboxes {
		if other != id {
			live[other] = true
		}
	}
	return live
}
