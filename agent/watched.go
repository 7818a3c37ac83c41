package agent

import (
	"context"
	"sync"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
	"glovebox/watch"
)

const (
	watchEvery = time.Second // usual Config.WatchEvery
	// lookShare bounds what looking at jobs costs a node: so much time goes by
	// between two looks for each sandbox that it has, so 100 of them a second.
	watchPause = 10 * time.Millisecond
	glanceTime = 2 * time.Second // for one look, which takes less than a millisecond
)

// eye watches one job: what its runtime sees of it, each second and once after
// its end, and what the filter of its network decides. What it finds becomes an
// event of the job, is told to control, and may end the job.
//
//	openEye → (watch … see …) → last → nothing more is found
type eye struct {
	s    *sandbox
	ends chan struct{} // closed when the policy ends the job for what was found

	mu     sync.Mutex
	w      *watch.Watch
	full   bool              // whatever it was seen to do is written down at its end
	ending *glovebox.Finding // nil: nothing ends it
	closed bool
}

// watchLevel is how much is to be noted of what a job does.
func (a *Agent) watchLevel(access glovebox.Access) string {
	switch {
	case a.cfg.Watcher == nil:
		return glovebox.WatchOff
	case access.Observe || access.Profile != nil && len(access.Profile.Calls) > 0:
		return glovebox.WatchFull
	}
	return glovebox.WatchDefault
}

// openEye begins to watch, going on from what an earlier agent has found.
func (s *sandbox) openEye(access glovebox.Access) {
	var told []glovebox.Finding
	if !s.fresh {
		told = s.dir.findings()
	}
	e := &eye{s: s, ends: make(chan struct{}), full: access.Observe || access.Profile != nil || access.Networked()}
	e.w = watch.New(watch.Config{Profile: access.Profile, Ends: access.Watch, Told: told, CPUs: s.work.spec.Limits.CPUs})
	e.judged(nil)
	s.eye = e
	s.tellFindings(told)
}

// hold has the job judged by another access from now on.
func (e *eye) hold(access glovebox.Access) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.full = e.full || access.Profile != nil
	e.judged(e.w.Hold(access.Profile, access.Watch, e.s.a.cfg.Now()))
}

// decided takes what the filter decided, and keeps it.
func (s *sandbox) decided(events []glovebox.NetEvent) {
	s.out.record(events)
	e := s.eye
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	for _, n := range events {
		e.judged(e.w.Net(n))
	}
}

// see takes what the runtime saw.
func (e *eye) see(seen glovebox.Observed) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.judged(e.w.See(e.s.a.cfg.Now(), seen))
	}
}

// judged passes news on; e.mu is held. Each is kept before it is told, so that
// the next agent neither repeats nor forgets it.
func (e *eye) judged(news []watch.Finding) {
	if len(news) > 0 {
		var all []glovebox.Finding
		for _, f := range e.w.Findings() {
			all = append(all, f.Told())
		}
		e.s.dir.writeFindings(all)
		for _, f := range news {
			told := f.Told()
			e.s.out.found(glovebox.NetEvent{At: told.Last, Type: glovebox.NetFinding, Finding: &told})
		}
		e.s.tellFindings(all)
	}
	if f, ends := e.w.Ending(); ends && e.ending == nil {
		told := f.Told()
		e.ending = &told
		close(e.ends)
	}
}

// watch looks at the job until the returned function is called, or it turns out
// that its runtime cannot see it.
func (s *sandbox) watch(ctx context.Context) (end func()) {
	if s.eye == nil || s.work.spec.Watch == glovebox.WatchOff {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-time.After(s.a.watchPause()):
			case <-ctx.Done():
				return
			}
			if !s.glance(ctx) {
				return
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// watchPause is the time between two looks at one job.
func (a *Agent) watchPause() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return max(a.cfg.WatchEvery, time.Duration(len(a.sandboxes))*watchPause)
}

// glance is one look. It says whether another makes sense.
func (s *sandbox) glance(ctx context.Context) (again bool) {
	ctx, cancel := context.WithTimeout(ctx, glanceTime)
	defer cancel()
	seen, err := s.a.cfg.Watcher.Watched(ctx, s.id)
	switch glovebox.KindOf(err) {
	case "":
		s.eye.see(seen)
	case glovebox.KindConflict, glovebox.KindNotFound:
		return false
	}
	return true
}

// lastLook takes all that the job has done, once it has ended, and writes it
// down for who learns. Nothing is found after that. It returns what the policy
// ends the job for, if that was found, also if it has ended by itself meanwhile.
func (s *sandbox) lastLook(ctx context.Context) *glovebox.Finding {
	e := s.eye
	if e == nil {
		return nil
	}
	seen := s.work.spec.Watch != glovebox.WatchOff && s.glance(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	if profile := e.w.Profile(); seen && e.full && !e.closed {
		s.out.found(glovebox.NetEvent{At: s.a.cfg.Now(), Type: glovebox.NetProfile, Profile: &profile})
	}
	e.closed = true
	return e.ending
}

// endedFor is the fault of a job that its policy has ended.
func endedFor(f glovebox.Finding) *glovebox.Error {
	what := f.Severity
	if len(f.Evidence) > 0 {
		what += ": " + f.Evidence[0]
	}
	err := glovebox.Errorf(glovebox.KindDenied, "the watch found %s (score %.2f, %s)", f.Rule, f.Score, what).On("policy.watch.kill")
	if f.Rule == glovebox.FindingDrift {
		return err.On("policy.watch.drift").Try("see `glovebox logs --events`; learn the policy anew if the job is meant to do this")
	}
	return err.Try("see `glovebox logs --events`, and docs/policy.md about policy.watch")
}

// tellFindings has control told of all that was found.
func (s *sandbox) tellFindings(all []glovebox.Finding) {
	if len(all) > 0 {
		s.tell(func(r *nodev1.Sandbox) { r.Findings = wireFindings(all) })
	}
}
