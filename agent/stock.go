package agent

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox"
	"glovebox/internal/nodev1"
)

// takeStock finds what earlier agents left: their folders, and whatever the
// inventory lists. It gives each a goroutine that goes on where the other
// stopped, but destroys and begins nothing before control has answered.
//
// A node whose inventory cannot be read must not report, since what a report
// leaves out does not exist; so it is tried until it can.
func (a *Agent) takeStock(ctx context.Context) error {
	found, links, err := a.inventory(ctx)
	if err != nil {
		return nil // ctx ended
	}
	entries, err := os.ReadDir(filepath.Join(a.cfg.Dir, dirSandboxes))
	if err != nil {
		return onDisk("list the sandboxes' folders", err)
	}
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.Name())
	}
	ids = append(ids, keptIDs(a.cfg.Dir)...)
	slices.Sort(ids)
	begun := map[string]bool{} // the runtime was told to start it, or may have been
	for _, f := range found {
		begun[f.ID] = f.Started
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range slices.Compact(ids) {
		if job, attempt, ok := parseID(id); ok {
			s := a.newSandbox(id, job, attempt)
			s.dir = a.folder(s.id)
			if err := s.dir.open(); err != nil {
				return err
			}
			started, there := begun[s.id]
			a.launch(ctx, s, s.recover(there && !started))
		}
	}
	for _, f := range found {
		if isParked(f.ID) {
			a.pool.leftover(f.ID)
			continue
		}
		if _, known := a.sandboxes[f.ID]; !known {
			s, first := a.stray(f)
			a.launch(ctx, s, first)
		}
	}
	a.strayLinks(ctx, links)
	return nil
}

// strayLinks sees to it that links which no sandbox has go; a.mu is held.
func (a *Agent) strayLinks(ctx context.Context, links []string) {
	owned := map[string]bool{}
	for id, s := range a.sandboxes {
		owned[id], owned[s.parkedAs()] = true, true
	}
	for _, id := range links {
		switch {
		case owned[id]:
		case isParked(id):
			a.pool.leftover(id)
		default:
			s, first := a.stray(glovebox.Found{ID: id})
			a.launch(ctx, s, first)
		}
	}
}

func (a *Agent) inventory(ctx context.Context) (found []glovebox.Found, links []string, err error) {
	b := backoff{max: a.cfg.MaxBackoff}
	for {
		if found, err = a.cfg.Inventory.List(ctx); err == nil {
			links, err = a.cfg.Network.Links(ctx)
		}
		if err == nil || !b.wait(ctx) {
			return found, links, err
		}
	}
}

// recover says where an earlier agent stopped, and what follows. untouched says
// that the sandbox is there and nobody has told the runtime to start it.
func (s *sandbox) recover(untouched bool) state {
	mark, marked := s.dir.started()
	s.setWas(mark.Was)
	if told := s.dir.exit(); told != nil {
		return s.recoverExit(told)
	}
	if !marked || untouched && mark.Boot == s.a.cfg.Boot {
		return s.awaiting
	}
	s.started = mark.At
	s.report.StartedFrom, s.report.Template = mark.From, mark.Of
	s.report.Phase = nodev1.Phase_PHASE_RUNNING
	s.report.Started = timestamppb.New(mark.At)
	order := s.dir.order()
	work, err := parseWork(order.GetWork(), nil)
	switch {
	case mark.Boot != s.a.cfg.Boot:
		s.openSpools(work.spec.Limits.Output)
		s.setSizes(s.out)
		return s.end(lost(nodeLost("the node was restarted")))
	case err != nil:
		s.openSpools(0)
		s.setSizes(s.out)
		return s.end(lost(nodeLost("the agent's record of the attempt was damaged")))
	}
	s.work = work
	s.access, _ = parseAccess(order.GetAccess()) // without secrets; the next answer has all of it
	s.work.spec.Network, s.work.spec.Watch = s.access.Networked(), s.a.watchLevel(s.access)
	return s.adopting
}

// adopting takes a command over that an earlier agent started. If it is not
// alive, Wait says so.
func (s *sandbox) adopting(ctx context.Context) state {
	if err := s.openStdio(); err != nil {
		return s.end(lost(nodeLost("the command's output could not be opened again: " + err.Error())))
	}
	s.openEye(s.access)
	s.ship(ctx)
	if s.doubtful = s.in != nil && s.in.doubtful(s.a.stdin != nil); !s.doubtful {
		s.feed(ctx)
	}
	return s.running
}

// recoverExit takes over an attempt that has ended and was written down.
func (s *sandbox) recoverExit(told *nodev1.Sandbox) state {
	s.report = told
	s.report.Job, s.report.Attempt = s.job, s.attempt
	s.started = told.GetStarted().AsTime()
	s.openSpools(0)
	return s.exited
}

// openSpools opens output to which nothing is added any more, to ship it.
func (s *sandbox) openSpools(limit int64) {
	if out, err := openOutput(s.dir, limit, s.a.cfg.PunchStep); err == nil {
		out.finish(0)
		s.out = out
	}
}

// stray is something of which there is no folder. If its command cannot have
// been started and it is ordered, it is prepared like a new one.
func (a *Agent) stray(f glovebox.Found) (*sandbox, state) {
	job, attempt, ok := parseID(f.ID)
	if !ok {
		job = f.ID // control cannot order that, so the first answer ends it
	}
	s := a.newSandbox(f.ID, job, attempt)
	if ok {
		s.dir = a.folder(f.ID)
	}
	if ok && !f.Started {
		return s, s.awaiting
	}
	s.report.Phase = nodev1.Phase_PHASE_DESTROYING
	return s, s.condemned
}

// condemned waits for the first answer, whatever it says, to destroy what
// nobody can take over.
func (s *sandbox) condemned(ctx context.Context) state {
	for !s.wish().known {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil
		}
	}
	return s.destroying
}
