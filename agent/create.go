package agent

import (
	"context"
	"slices"
	"time"

	"glovebox"
)

// takePlace takes a parked sandbox, if the pool has one for the job, and else
// waits for a turn to start cold.
func (s *sandbox) takePlace(ctx context.Context) error {
	s.took = time.Now()
	s.parked = s.a.pool.take(s.work.spec, !s.asked)
	s.asked = true
	if s.parked != "" {
		return nil
	}
	return s.takeSlot(ctx)
}

// unpark returns what was taken of the pool and not used.
func (s *sandbox) unpark() {
	if s.parked != "" {
		s.a.pool.giveBack(s.parked)
		s.parked = ""
	}
}

// takeSlot waits for its turn, first come first served, so that a burst of
// orders does not start everything at once and nothing in time.
func (s *sandbox) takeSlot(ctx context.Context) error {
	over := s.a.pool.startsCold()
	select {
	case s.a.starts <- struct{}{}: // waiting senders are served in order
	case <-ctx.Done():
		over()
		return ctx.Err()
	}
	held := true
	s.release = func() {
		if held {
			held = false
			<-s.a.starts
			over()
		}
	}
	return nil
}

// create makes the sandbox, of the parked one if there is one.
func (s *sandbox) create(ctx context.Context) error {
	spec := s.work.spec
	spec.ID, spec.Timeout = s.id, s.work.timeout
	spec.Stdio = glovebox.Stdio{Stdout: s.dir.file(fifoStdout), Stderr: s.dir.file(fifoStderr)}
	if s.work.stdin {
		spec.Stdio.Stdin = s.dir.file(fifoStdin)
	}
	s.begun = nil
	s.setWas("")
	if s.parked != "" {
		if done, err := s.claim(ctx, spec); done {
			return err
		}
		if err := s.takeSlot(ctx); err != nil {
			return err
		}
	}
	s.from(glovebox.FromCold, "")
	if spec.Snapshot != "" {
		return s.restore(ctx, spec)
	}
	if err := s.attach(ctx, &spec); err != nil {
		return err
	}
	err := s.a.cfg.Runtime.Create(ctx, spec)
	if glovebox.KindOf(err) != glovebox.KindConflict {
		return err
	}
	// Something of that name was there that nobody had listed.
	if err := s.a.cfg.Runtime.Destroy(ctx, s.id); err != nil {
		return err
	}
	return s.a.cfg.Runtime.Create(ctx, spec)
}

// jobsFault are the errors that a cold start would meet, too.
var jobsFault = []glovebox.Kind{glovebox.KindNoExecutable, glovebox.KindNotExecutable, glovebox.KindUnknownUser, glovebox.KindWorkdir}

// claim makes the sandbox of the parked one, which is used up by that. If it
// could not be used, or takes longer than a cold start would, the job must not
// hear of it: done is false, and it starts cold.
func (s *sandbox) claim(ctx context.Context, spec glovebox.SandboxSpec) (done bool, err error) {
	spec.Parked, s.parked = s.parked, ""
	cctx, cancel := context.WithTimeout(ctx, s.a.pool.patience)
	defer cancel()
	if err = s.openLink(cctx, spec.Parked, &spec); err == nil {
		err = s.a.cfg.Runtime.Create(cctx, spec)
	}
	if err != nil && !slices.Contains(jobsFault, glovebox.KindOf(err)) {
		s.closeLink(ctx)
		s.a.pool.spoiled(spec.Parked, glovebox.KindOf(err))
		return ctx.Err() != nil, err
	}
	var template string
	s.setWas(spec.Parked)
	template, s.begun = s.a.pool.used(spec.Parked)
	s.from(glovebox.FromPool, template)
	return true, err
}
