package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/agent"
	"glovebox/internal/instance"
	"glovebox/internal/keeper"
	"glovebox/internal/supervise"
	"glovebox/runtime/containerd"
)

// collectTime is how long the shim of a command that has ended may take to pass
// on the last of its output.
const collectTime = 10 * time.Second

// stock is what `up` does about sandboxes of runc, whose stock shims outlive
// it by themselves: it sees to it that none does unless it is to, and that
// nothing is lost of those that do.
type stock struct {
	inst  *instance.Instance
	tools tools
	log   *slog.Logger

	rt          *containerd.Runtime // of the sandboxes that were taken over, or nil
	collections []*agent.Collection // until the next agent takes their output
	held        map[string][]io.Closer
}

// standing lists the sandboxes whose commands run, or have ended unseen.
func (s *stock) standing() []agent.Standing {
	return slices.DeleteFunc(agent.StandingIn(s.inst.Agent()), func(sb agent.Standing) bool { return sb.Runtime != glovebox.RuntimeRunc })
}

// resume takes over what the keeper has looked after: ends that nobody saw are
// noted, and output is taken, before containerd is there. As it starts it
// deletes what has ended, and what of its output was not taken yet.
func (s *stock) resume(ctx context.Context) {
	all := s.standing()
	if len(all) == 0 {
		return
	}
	rt, err := openRuntime(s.inst.Layout, s.inst.Record, s.tools)
	if err != nil {
		s.log.Warn("sandboxes of runc cannot be taken over; what has ended is lost", "why", err)
		return
	}
	s.rt = rt
	ended := 0
	for _, sb := range all {
		c, err := agent.Collect(s.inst.Agent(), sb.ID)
		if err != nil {
			s.log.Warn("the output of a sandbox of runc cannot be taken over", "sandbox", sb.ID, "why", err)
			continue // and so its end is not noted: it counts as lost
		}
		over, err := rt.Recall(ctx, sb.ID)
		switch {
		case err != nil:
			s.log.Warn("a sandbox of runc may be lost", "sandbox", sb.ID, "why", err)
			c.Stop()
		case over:
			c.Finish(collectTime)
			ended++
		default:
			s.collections = append(s.collections, c)
		}
	}
	s.log.Info("took over sandboxes of runc", "sandboxes", len(all), "ended", ended)
}

// resumed stops taking output: containerd is up, and the agent comes next.
func (s *stock) resumed() {
	for _, c := range s.collections {
		c.Stop()
	}
	s.collections = nil
}

// hold keeps the output of all sandboxes from being lost between the agent's
// end and the keeper's beginning.
func (s *stock) hold() {
	s.held = map[string][]io.Closer{}
	for _, id := range agent.Begun(s.inst.Agent()) {
		for _, path := range agent.OutputOf(s.inst.Agent(), id) {
			if f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0); err == nil {
				s.held[id] = append(s.held[id], f)
			}
		}
	}
}

// wanted are the sandboxes that can be handed over: all of their output was
// held since before the agent ended.
func (s *stock) wanted() (all []keeper.Foreign) {
	for _, sb := range s.standing() {
		if len(s.held[sb.ID]) < len(sb.Output) {
			continue
		}
		all = append(all, keeper.Foreign{
			ID: sb.ID, Group: containerd.Group(s.inst.ID, sb.ID), Deadline: sb.Deadline,
			Note: containerd.LimitNote(s.inst.Sandboxes(), sb.ID), Output: sb.Output,
		})
	}
	return all
}

// close ends the sandboxes that are not left behind, and spares the shims of
// those that are.
func (s *stock) close(left []keeper.Foreign, sv *supervise.Supervisor) {
	for _, held := range s.held {
		for _, f := range held {
			f.Close()
		}
	}
	if s.rt == nil {
		if len(agent.Begun(s.inst.Agent())) == 0 {
			return
		}
		rt, err := openRuntime(s.inst.Layout, s.inst.Record, s.tools)
		if err != nil {
			s.log.Warn("sandboxes of runc cannot be looked for", "why", err)
			return
		}
		s.rt = rt
	}
	defer s.rt.Close()
	var ids []string
	for _, f := range left {
		ids = append(ids, f.ID)
	}
	pids, err := s.rt.StockShims(ids)
	if err == nil {
		sv.Spare(pids...)
		err = s.rt.EndStock(ids)
	}
	if err != nil {
		s.log.Warn("sandboxes of runc could not be ended; the next start does it", "why", err)
	}
}
