package supervise

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Config of a Supervisor. Zero durations mean the defaults.
type Config struct {
	Output io.Writer // what children write, line by line
	Format string    // FormatText or FormatJSON
	Log    *slog.Logger

	FirstDelay time.Duration // before the first restart; it doubles: 50 ms
	MaxDelay   time.Duration // 5 s
	Healthy    time.Duration // a run this long starts over at FirstDelay: 1 min
	StartLimit time.Duration // from start to ready: 60 s
}

func (c Config) complete() Config {
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{
		{&c.FirstDelay, 50 * time.Millisecond}, {&c.MaxDelay, 5 * time.Second},
		{&c.Healthy, time.Second}, {&c.StartLimit, time.Minute},
	} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	return c
}

// Supervisor keeps children alive.
type Supervisor struct {
	config Config
	out    *printer
	reaper *reaper
	plain  *spawner

	mu      sync.Mutex
	sealed  *spawner // made for the first child that needs it
	runners []*runner
	left    map[int]bool // processes that go on without us
	closing sync.Once
}

// New makes this process a subreaper and starts the wait loop. There can be one
// Supervisor in a process.
func New(config Config) (*Supervisor, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "become a subreaper: %w", err)
	}
	thread, err := newSpawner(plain)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "make a thread that starts processes: %w", err)
	}
	config = config.complete()
	return &Supervisor{
		config: config,
		out:    &printer{w: config.Output, format: config.Format},
		reaper: newReaper(),
		plain:  thread,
		left:   map[int]bool{},
	}, nil
}

// Start runs child and returns when it is ready. From then on it is started
// again whenever it ends, until Stop. If it ends a few times before it was ever
// ready, or is not ready in time, or ctx ends, it is stopped and an error is
// returned: KindUnavailable, or ctx's.
func (s *Supervisor) Start(ctx context.Context, child Child) error {
	spawner, err := s.spawner(child)
	if err != nil {
		return err
	}
	pipe, err := s.out.open(child.Name)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "make a pipe for %s: %w", child.Name, err)
	}
	r := &runner{
		child: child, config: s.config, reaper: s.reaper, spawner: spawner, pipe: pipe,
		first: make(chan error, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	s.mu.Lock()
	s.runners = append(s.runners, r)
	s.mu.Unlock()
	go r.run()
	select {
	case err := <-r.first:
		return err
	case <-ctx.Done():
		return fmt.Errorf("start %s: %w", child.Name, context.Cause(ctx))
	}
}

func (s *Supervisor) spawner(child Child) (*spawner, error) {
	if child.UID == 0 {
		return s.plain, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed == nil {
		thread, err := newSpawner(sealed)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindInternal, "make a thread without privileges: %w", err)
		}
		s.sealed = thread
	}
	return s.sealed, nil
}

// Stop ends the children with these names in this order or, without names,
// every child, the last started first. Each gets SIGTERM, its grace, and then
// SIGKILL for its whole process group. When ctx ends there is no more grace for
// anybody.
func (s *Supervisor) Stop(ctx context.Context, names ...string) {
	for _, name := range names {
		s.stop(ctx, func(r *runner) bool { return r.child.Name == name })
	}
	if len(names) == 0 {
		s.stop(ctx, func(*runner) bool { return true })
	}
}

func (s *Supervisor) stop(ctx context.Context, which func(*runner) bool) {
	s.mu.Lock()
	var chosen, kept []*runner
	for _, r := range s.runners {
		if which(r) {
			chosen = append(chosen, r)
		} else {
			kept = append(kept, r)
		}
	}
	s.runners = kept
	s.mu.Unlock()
	for i := len(chosen) - 1; i >= 0; i-- {
		chosen[i].end(ctx)
	}
}

// Release stops looking after the child with this name and leaves its process
// alone, also at Close. What ties that process to this one is for the caller to
// cut before: a child is killed when its parent ends.
func (s *Supervisor) Release(name string) {
	s.mu.Lock()
	i := slices.IndexFunc(s.runners, func(r *runner) bool { return r.child.Name == name })
	if i < 0 {
		s.mu.Unlock()
		return
	}
	r := s.runners[i]
	s.runners = slices.Delete(slices.Clone(s.runners), i, i+1)
	s.mu.Unlock()
	pid := r.release()
	s.mu.Lock()
	s.left[pid] = true
	s.mu.Unlock()
}

// Spare leaves processes alone at Close that children have started and that
// outlived them.
func (s *Supervisor) Spare(pids ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pid := range pids {
		s.left[pid] = true
	}
}

// Close kills what is left of the children and of what they started, and ends
// the wait loop.
func (s *Supervisor) Close() { s.closing.Do(s.close) }

func (s *Supervisor) close() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	s.Stop(now)
	if n := killOrphans(5*time.Second, s.left); n > 0 {
		s.config.Log.Info("ended processes that children left behind", "count", n)
	}
	s.reaper.close()
	s.plain.close()
	if s.sealed != nil {
		s.sealed.close()
	}
}
