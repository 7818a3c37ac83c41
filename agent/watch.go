package agent

import (
	"context"
	"syscall"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// ended is what Runtime.Wait came to.
type ended struct {
	exit glovebox.Exit
	err  error // KindNotFound or KindNodeLost; others were tried again
}

// running watches the command until it has ended, and ends it when it is to
// stop, out of time or over its cap of output.
func (s *sandbox) running(ctx context.Context) state {
	wctx, cancel := context.WithCancel(ctx)
	over := s.wait(wctx)
	defer func() {
		cancel()
		for range over { // until its goroutine has gone
		}
	}()
	deadline := s.started.Add(s.work.timeout)
	timeout := time.NewTimer(time.Until(deadline))
	defer timeout.Stop()
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	e := &ending{s: s}
	defer e.disarm()
	cut := s.out.cutOff
	var found <-chan struct{}
	if s.eye != nil {
		found = s.eye.ends
	}
	endWatch := s.watch(ctx)
	defer endWatch()
	if s.doubtful {
		e.kill(ctx, glovebox.KindNodeLost)
	}
	for {
		if s.halted("watch") {
			return nil
		}
		if w := s.wish(); w.vanished() {
			return s.destroying
		} else if w.stop {
			e.begin(ctx, glovebox.KindCancelled, w.grace)
		} else if err := s.grant(ctx, w.order.GetAccess()); err != nil {
			retry.Reset(s.a.cfg.MaxBackoff)
		}
		select {
		case x := <-over:
			if ctx.Err() != nil {
				return nil
			}
			endWatch()
			return s.over(x, e.cause, deadline)
		case <-timeout.C:
			e.begin(ctx, glovebox.KindTimeout, s.a.cfg.StopGrace)
		case <-cut:
			e.kill(ctx, s.out.cutKind())
			cut = nil
		case <-found:
			e.kill(ctx, glovebox.KindDenied)
			found = nil
		case <-e.killC:
			e.kill(ctx, e.cause)
		case <-s.wake:
		case <-retry.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// wait calls Runtime.Wait until it says how the command ended. An error other
// than that nobody knows says nothing about the command.
func (s *sandbox) wait(ctx context.Context) <-chan ended {
	ch := make(chan ended, 1)
	go func() {
		defer close(ch)
		b := backoff{max: s.a.cfg.MaxBackoff}
		for {
			x, err := s.a.cfg.Runtime.Wait(ctx, s.id)
			if ctx.Err() != nil {
				return
			}
			switch glovebox.KindOf(err) {
			case "", glovebox.KindNotFound, glovebox.KindNodeLost:
				ch <- ended{x, err}
				return
			}
			if !b.wait(ctx) {
				return
			}
		}
	}()
	return ch
}

// over says how the attempt ended: by itself, by a limit, or by what the agent
// did to it. The first cause counts; a stop is no fault.
func (s *sandbox) over(x ended, cause glovebox.Kind, deadline time.Time) state {
	s.closeLink(context.Background())
	found := s.lastLook(context.Background())
	s.out.settle(s.a.cfg.DrainTime)
	if x.err != nil {
		return s.end(lost(nodeLost("the sandbox was gone and nobody saw how the command ended")))
	}
	if !x.exit.Started.IsZero() {
		s.started = x.exit.Started
	}
	if cause == glovebox.KindTimeout && inTime(x.exit, deadline) {
		cause = ""
	}
	if s.out.isCut() && (cause == "" || cause == glovebox.KindCancelled) {
		cause = s.out.cutKind()
	}
	if found != nil && cause == "" && x.exit.Limit == "" {
		cause = glovebox.KindDenied // it was quicker than the watch
	}
	e := ran(x.exit)
	switch cause {
	case glovebox.KindTimeout, glovebox.KindOutput:
		e.Fault = faultOf(limitFault(cause, s.work))
	case glovebox.KindDenied:
		e.Fault = faultOf(endedFor(*found))
	case glovebox.KindNodeLost:
		e.Fault = faultOf(nodeLost("the agent restarted while the command was being fed, which may have looked like the end of its input"))
	case glovebox.KindInternal:
		e.Fault = faultOf(onDisk("keep the command's output", s.out.failure()))
	default:
		if x.exit.Limit != "" {
			e.Fault = faultOf(limitFault(x.exit.Limit, s.work))
		}
	}
	return s.collecting(e)
}

// ending is how far the agent has gone in ending a command.
type ending struct {
	s      *sandbox
	cause  glovebox.Kind // the first one
	killed bool
	timer  *time.Timer // to SIGKILL
	killC  <-chan time.Time
	at     time.Time
}

// begin sends SIGTERM, once, and SIGKILL after grace. A later cause can only
// bring the end nearer.
func (e *ending) begin(ctx context.Context, cause glovebox.Kind, grace time.Duration) {
	if e.cause == "" {
		e.cause = cause
		if grace > 0 {
			e.s.signal(ctx, syscall.SIGTERM)
		}
		e.arm(grace)
		return
	}
	if e.killed {
		return
	}
	if until := time.Now().Add(grace); until.Before(e.at) {
		e.arm(grace)
	}
}

// kill sends SIGKILL, and again until the command has ended.
func (e *ending) kill(ctx context.Context, cause glovebox.Kind) {
	if e.cause == "" {
		e.cause = cause
	}
	e.killed = true
	e.s.signal(ctx, syscall.SIGKILL)
	e.arm(e.s.a.cfg.MaxBackoff)
}

func (e *ending) arm(d time.Duration) {
	e.disarm()
	e.timer = time.NewTimer(d)
	e.killC, e.at = e.timer.C, time.Now().Add(d)
}

func (e *ending) disarm() {
	if e.timer != nil {
		e.timer.Stop()
	}
}

// signal ignores failure: that the command has ended is Wait's to say, and a
// kill is repeated.
func (s *sandbox) signal(ctx context.Context, sig syscall.Signal) {
	ctx, cancel := context.WithTimeout(ctx, signalTime)
	defer cancel()
	_ = s.a.cfg.Runtime.Signal(ctx, s.id, int(sig))
}

// end notes how the attempt ended.
func (s *sandbox) end(e *nodev1.Exit) state {
	return func(ctx context.Context) state { return s.ending(ctx, e) }
}
