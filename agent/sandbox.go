package agent

import (
	"context"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox"
	"glovebox/internal/nodev1"
)

// state is what a sandbox's goroutine does until it changes to another state;
// nil ends the goroutine.
type state func(ctx context.Context) state

// wish is what control wants of a sandbox.
type wish struct {
	known   bool // an answer has spoken; until then nothing is begun or destroyed
	ordered bool
	stop    bool
	grace   time.Duration
	order   *nodev1.Order
}

func (w wish) vanished() bool { return w.known && !w.ordered }

// sandbox is one attempt of a job on this node. Its fields below mu are shared;
// all others belong to its goroutine.
type sandbox struct {
	id      string
	job     string
	attempt int32
	a       *Agent
	dir     folder

	work      work
	loaded    bool // its input files may be in memory
	access    glovebox.Access
	link      string // id of the link that is open; "" = none
	fresh     bool   // nothing of it can exist yet
	doubtful  bool   // the command may have seen a false end of its input
	started   time.Time
	redoWait  backoff   // between tries to prepare while the runtime is away
	redoSince time.Time // when the first of them failed
	out       *output
	in        *stdin
	eye       *eye // nil until there is something to watch
	shipping  *shipping
	release   func() // gives the start slot back
	asked     bool   // the pool, for one of its sandboxes
	parked    string // what it gave, until that is used
	took      time.Time
	was       string              // the id under which it was parked, if it was; set under mu
	begun     func(time.Duration) // tells the pool how long it took to start; nil if it gave none
	gone      bool                // nothing is left: may be forgotten

	wake chan struct{} // holds one token while there is something new to look at

	mu     sync.Mutex
	want   wish
	abort  context.CancelFunc // ends the preparation under way
	report *nodev1.Sandbox    // as last told, but for the sizes of the output
	sizes  *output            // what they are taken from
}

func (a *Agent) newSandbox(id, job string, attempt int32) *sandbox {
	return &sandbox{id: id, job: job, attempt: attempt, a: a, release: func() {}, wake: make(chan struct{}, 1),
		report: &nodev1.Sandbox{Job: job, Attempt: attempt, Phase: nodev1.Phase_PHASE_PREPARING}}
}

// run is the sandbox's goroutine. It ends with ctx, leaving everything as it
// is for the next agent, or when nothing of the sandbox is left.
func (s *sandbox) run(ctx context.Context, st state) {
	defer s.letGo()
	for st != nil && ctx.Err() == nil {
		st = st(ctx)
	}
}

// letGo drops what this process holds of the sandbox and waits for its helpers.
func (s *sandbox) letGo() {
	s.unload()
	s.release()
	s.unpark()
	if s.shipping != nil {
		s.shipping.end()
		s.shipping = nil
	}
	if s.in != nil {
		s.in.abandon()
		s.in = nil
	}
	if s.out != nil {
		s.setSizes(nil)
		s.out.abandon()
		s.out = nil
	}
}

// setWish tells the sandbox what control wants now.
func (s *sandbox) setWish(w wish) {
	s.mu.Lock()
	s.want = w
	if s.abort != nil && (w.vanished() || w.stop) {
		s.abort()
	}
	s.mu.Unlock()
	s.poke()
}

func (s *sandbox) wish() wish {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.want
}

// poke makes the sandbox's goroutine look around.
func (s *sandbox) poke() { signal(s.wake) }

// abortable returns a context that ends when the order vanishes or is to stop.
func (s *sandbox) abortable(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	s.abort = cancel
	if s.want.vanished() || s.want.stop {
		cancel()
	}
	s.mu.Unlock()
	return ctx, func() {
		s.mu.Lock()
		s.abort = nil
		s.mu.Unlock()
		cancel()
	}
}

// snapshot is the sandbox as it is reported now.
func (s *sandbox) snapshot() *nodev1.Sandbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &nodev1.Sandbox{Job: s.job, Attempt: s.attempt, Phase: s.report.Phase, Exit: s.report.Exit,
		Started: s.report.Started, Stdout: s.report.Stdout, Stderr: s.report.Stderr,
		Events: s.report.Events, Truncated: s.report.Truncated, Residue: s.report.Residue, Findings: s.report.Findings, StartedFrom: s.report.StartedFrom, Template: s.report.Template}
	r.Artifacts, r.ArtifactsIndex = s.report.Artifacts, s.report.ArtifactsIndex
	r.ArtifactsLeftOut, r.ArtifactsTruncated = s.report.ArtifactsLeftOut, s.report.ArtifactsTruncated
	if s.sizes != nil {
		s.sizes.sizes(r)
	}
	return r
}

// tell changes what is reported and sees to it that it is.
func (s *sandbox) tell(change func(r *nodev1.Sandbox)) {
	s.mu.Lock()
	change(s.report)
	s.mu.Unlock()
	s.a.notify()
}

// from notes where the sandbox was started from, and what it was parked for if
// it was; that is told with its start.
func (s *sandbox) from(where, template string) {
	s.mu.Lock()
	s.report.StartedFrom, s.report.Template = where, template
	s.mu.Unlock()
}

// setWas notes the id under which it was parked, which its link still has.
func (s *sandbox) setWas(id string) {
	s.mu.Lock()
	s.was = id
	s.mu.Unlock()
}

func (s *sandbox) parkedAs() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.was
}

// setSizes names the output whose sizes are reported; nil keeps the last ones.
func (s *sandbox) setSizes(o *output) {
	s.mu.Lock()
	if s.sizes != nil {
		s.sizes.sizes(s.report)
	}
	s.sizes = o
	s.mu.Unlock()
}

func (s *sandbox) tellRunning() {
	s.tell(func(r *nodev1.Sandbox) {
		r.Phase = nodev1.Phase_PHASE_RUNNING
		r.Started = timestamppb.New(s.started)
	})
}

// halted says whether a test stops the goroutine before the named step.
func (s *sandbox) halted(step string) bool {
	return s.a.halt != nil && s.a.halt(s.id, step)
}
