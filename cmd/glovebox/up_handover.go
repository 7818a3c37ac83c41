package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"glovebox"
	"glovebox/agent"
	"glovebox/internal/instance"
	"glovebox/internal/keeper"
	"glovebox/internal/supervise"
	"glovebox/runtime/containerd"
)

// What --at-stop can say.
const (
	handOver = "hand-over"
	endThem  = "end"
)

// shimLife is how the shim's life is tied to this process: as our child, or
// taken over from an earlier start. Left behind, it outlives us.
type shimLife struct {
	inst  *instance.Instance
	log   *slog.Logger
	tie   *keeper.Keeper // its end is the end of a shim that was taken over
	left  bool
	stock *stock
}

// adopt takes over a shim that an earlier start has left, with its sandboxes.
// One that cannot be taken over is killed: its jobs then end as node_lost.
func (l *shimLife) adopt(ctx context.Context, output *os.File) (*supervise.Adopted, error) {
	k, err := keeper.Find(ctx, l.inst.Keeper(), l.inst.ShimRoot())
	if k == nil {
		if glovebox.KindOf(err) == glovebox.KindNotFound {
			return nil, nil
		}
		return nil, err
	}
	if err != nil || !k.Unattended {
		// Most likely that of a start which was killed a moment ago: it ends too.
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if k.Gone(short) == nil {
			k.Close()
			return nil, nil
		}
	}
	if err == nil { // refused if somebody else attends
		err = k.Attend(ctx, output)
	}
	if err != nil {
		defer k.Close()
		l.log.Warn("what an earlier start has left cannot be taken over; it is ended, and its jobs are lost", "pid", k.PID, "why", err)
		return nil, k.Kill(ctx)
	}
	fd, err := k.Pidfd()
	if err != nil {
		k.Close()
		return nil, err
	}
	l.tie = k
	l.stock.resume(ctx)
	l.log.Info("took over what an earlier start has left", "sandboxes", len(k.Sandboxes), "pid", k.PID)
	return &supervise.Adopted{PID: k.PID, FD: fd}, nil
}

// handOver leaves the shim behind with the sandboxes that are still wanted. If
// there is none, or the shim refuses, it is for the caller to end it. What is
// returned are the sandboxes of other shims that are left behind too.
func (l *shimLife) handOver(ctx context.Context, s *supervise.Supervisor) []keeper.Foreign {
	k, err := keeper.Find(ctx, l.inst.Keeper(), l.inst.ShimRoot())
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return nil // it died, and what it had with it
	}
	if k != nil {
		defer k.Close()
	}
	var keep []string
	foreign := l.stock.wanted()
	if err == nil {
		for _, sb := range k.Sandboxes {
			if agent.Underway(l.inst.Agent(), containerd.SandboxOf(l.inst.Sandboxes(), sb.ID)) {
				keep = append(keep, sb.ID)
			}
		}
		if len(keep)+len(foreign) == 0 {
			return nil
		}
		err = k.Stay(ctx, keep, foreign)
	}
	if err != nil {
		l.log.Warn("running jobs cannot be handed over; they end with the service", "why", err)
		return nil
	}
	s.Release(nameShim)
	l.left = true
	l.log.Info("running jobs go on without the service; the next `glovebox up` takes them over",
		"count", len(keep)+len(foreign), "data", l.inst.Dir, "pid", k.PID)
	return foreign
}

// close ends a shim that was taken over and not left behind again.
func (l *shimLife) close() {
	if l.tie != nil {
		l.tie.Close()
	}
}
