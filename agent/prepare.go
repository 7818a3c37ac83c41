package agent

import (
	"context"
	"errors"

	"glovebox"
)

// awaiting is the state of a sandbox that an earlier agent began to prepare:
// its command was certainly not started. The first answer decides.
func (s *sandbox) awaiting(ctx context.Context) state {
	for {
		w := s.wish()
		switch {
		case w.vanished():
			return s.destroying
		case w.known:
			return s.preparing
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// preparing makes everything but the running command. Whatever was made
// before is made again, because how far that came is not known.
func (s *sandbox) preparing(ctx context.Context) state {
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"folder", s.makeFolder},
		{"clear", s.clear},
		{"image", s.ensureImage},
		{"files", s.loadFiles},
		{"slot", s.takePlace},
		{"stdio", s.makeStdio},
		{"create", s.create},
		{"marker", s.writeMarker},
	}
	pctx, cancel := s.abortable(ctx)
	defer cancel()
	for _, step := range steps {
		if s.halted(step.name) {
			return nil
		}
		err := pctx.Err()
		if err == nil {
			err = step.do(pctx)
		}
		if err != nil {
			return s.notPrepared(ctx, err)
		}
	}
	s.unload()
	return s.starting
}

// notPrepared decides what a failed preparation means.
func (s *sandbox) notPrepared(ctx context.Context, err error) state {
	s.unload()
	s.release()
	s.unpark()
	w := s.wish()
	switch {
	case ctx.Err() != nil:
		return nil
	case w.vanished():
		return s.destroying
	case w.stop:
		err = stoppedBeforeStart()
	case s.redoable(err):
		return s.redoing
	}
	return s.end(neverRan(err))
}

func (s *sandbox) makeFolder(context.Context) error {
	order := s.wish().order
	work, err := parseWork(order.GetWork(), s.a.cfg.Info.Runtimes)
	if err != nil {
		return err
	}
	if s.access, err = parseAccess(order.GetAccess()); err != nil {
		return err
	}
	s.work = work
	s.work.spec.Network, s.work.spec.Files = s.access.Networked(), s.access.Files
	s.work.spec.Watch = s.a.watchLevel(s.access)
	s.openEye(s.access)
	if s.fresh {
		s.a.spares.take(s.dir)
	}
	return s.dir.make(withoutSecrets(order))
}

func (s *sandbox) clear(ctx context.Context) error {
	if s.fresh {
		return nil
	}
	s.closeLink(ctx)
	err := s.a.cfg.Runtime.Destroy(ctx, s.id)
	if err == nil {
		err = s.a.detach(ctx, s.id, s.was)
	}
	if err != nil {
		// What an earlier try has left is the node's trouble, not the job's.
		return glovebox.Errorf(glovebox.KindUnavailable, "clear up before a new try: %w", err)
	}
	return s.dir.clear()
}

func (s *sandbox) ensureImage(ctx context.Context) error {
	for {
		err := s.a.cfg.Images.EnsureImage(ctx, s.work.spec.Image, s.a.fetchBlob)
		if !errors.Is(err, context.Canceled) || ctx.Err() != nil {
			return err
		}
		// The work was shared with a sandbox whose order vanished.
	}
}

func (s *sandbox) makeStdio(context.Context) error {
	names := []string{fifoStdout, fifoStderr}
	if s.work.stdin {
		names = append(names, fifoStdin)
	}
	if err := s.dir.makeFIFOs(names...); err != nil {
		return err
	}
	return s.openStdio()
}

// openStdio opens the agent's ends and begins to spool.
func (s *sandbox) openStdio() error {
	out, err := openOutput(s.dir, s.work.spec.Limits.Output, s.a.cfg.PunchStep)
	if err != nil {
		return err
	}
	s.out, out.poll = out, s.a.cfg.Poll
	if err := out.pump(); err != nil {
		return err
	}
	s.setSizes(out)
	if s.work.stdin {
		s.in, err = openStdin(s.dir)
	}
	return err
}
