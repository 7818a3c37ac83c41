package agent

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox/internal/nodev1"
)

// ending writes the end down before it is told. While that is not possible
// the attempt is still reported as it was: what is told must hold for the next
// agent too.
func (s *sandbox) ending(ctx context.Context, e *nodev1.Exit) state {
	s.release()
	s.closeLink(ctx)
	if s.out != nil {
		s.out.finish(0)
	}
	b := backoff{max: s.a.cfg.MaxBackoff}
	for {
		if s.halted("exit") {
			return nil
		}
		r := s.snapshot()
		r.Phase, r.Exit = nodev1.Phase_PHASE_EXITED, e
		if e.GetStarted() && !s.started.IsZero() {
			r.Started = timestamppb.New(s.started)
		}
		if err := s.dir.writeExit(r); err == nil {
			s.tell(func(told *nodev1.Sandbox) { told.Phase, told.Exit, told.Started = r.Phase, r.Exit, r.Started })
			s.a.notifyEnd()
			return s.exited
		}
		if s.wish().vanished() {
			return s.destroying
		}
		if !b.wait(ctx) {
			return nil
		}
	}
}

// exited holds the end and what is left of the output until control has both:
// it lets the order vanish when it has noted the end, and acknowledges the
// output as it stores it.
func (s *sandbox) exited(ctx context.Context) state {
	if s.in != nil {
		s.in.abandon()
		s.in = nil
	}
	s.ship(ctx)
	for {
		if s.halted("held") {
			return nil
		}
		if s.wish().vanished() && s.outputSettled() {
			return s.destroying
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// outputSettled says whether control has all the output that there is, or,
// having dropped the order, says that it does not want it.
func (s *sandbox) outputSettled() bool {
	return s.out == nil || s.out.acknowledged() || s.shipping.refused.Load() || s.shipping.damaged.Load()
}
