package agent

import (
	"context"
	"syscall"
	"time"

	"glovebox"
)

// writeMarker notes that from here on the command may have been started. It
// is the last thing before Start, so that without it the attempt can be redone.
func (s *sandbox) writeMarker(context.Context) error {
	s.started = time.Now()
	told := s.snapshot()
	return s.dir.writeStarted(startRecord{Boot: s.a.cfg.Boot, At: s.started, From: told.GetStartedFrom(), Of: told.GetTemplate(), Was: s.was})
}

// starting runs the command. The calls for input and output are made before,
// so that the first byte finds them open.
func (s *sandbox) starting(ctx context.Context) state {
	if s.halted("start") {
		return nil
	}
	w := s.wish()
	switch {
	case w.vanished():
		return s.destroying
	case w.stop:
		s.release()
		return s.end(neverRan(stoppedBeforeStart()))
	}
	s.tellRunning()
	s.ship(ctx)
	s.feed(ctx)
	unknown, err := s.start(ctx)
	s.release()
	switch {
	case err == nil:
		if s.begun != nil {
			s.begun(time.Since(s.took))
		}
		return s.running
	case ctx.Err() != nil:
		return nil // the next agent finds out
	case s.redoable(err):
		return s.redoing
	case unknown:
		s.signal(ctx, syscall.SIGKILL)
		return s.end(lost(err))
	}
	return s.end(neverRan(err))
}

// start calls Runtime.Start with a context that outlives the agent's a little:
// an agent that is told to go does not break off a start that takes
// milliseconds and would cost the attempt. unknown says that the command may
// be running in spite of err.
func (s *sandbox) start(ctx context.Context) (unknown bool, err error) {
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { // in its own goroutine
		select {
		case <-time.After(time.Second):
			cancel()
		case <-sctx.Done():
		}
	})
	defer stop()
	err = s.a.cfg.Runtime.Start(sctx, s.id)
	if err != nil && sctx.Err() != nil {
		return true, glovebox.Errorf(glovebox.KindNodeLost, "the command was not started within %s: %w", startTime, err)
	}
	return false, err
}
