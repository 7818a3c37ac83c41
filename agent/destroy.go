package agent

import (
	"context"

	"glovebox"
	"glovebox/internal/nodev1"
)

// destroying removes the sandbox, looks whether anything of it is left, and
// only then forgets it. Until then control is told what was found.
func (s *sandbox) destroying(ctx context.Context) state {
	s.closeLink(ctx)
	s.letGo()
	s.tell(func(r *nodev1.Sandbox) { r.Phase = nodev1.Phase_PHASE_DESTROYING })
	b := backoff{max: s.a.cfg.MaxBackoff}
	for {
		if s.halted("destroy") {
			return nil
		}
		left := s.a.destroy(ctx, s.id, s.was)
		if ctx.Err() != nil || s.halted("remove") {
			return nil
		}
		if len(left) == 0 {
			if err := s.dir.remove(); err == nil {
				s.gone = true
				return nil
			}
			left = []glovebox.Residue{{Kind: "file", Name: s.dir.path}}
		}
		s.tell(func(r *nodev1.Sandbox) { r.Residue = residueOf(left) })
		if !b.wait(ctx) {
			return nil
		}
	}
}

// destroy makes one try to remove a sandbox and returns what is left after it,
// also under the id under which it was parked, if it was. Destroy has looked
// itself; this is another's look.
func (a *Agent) destroy(ctx context.Context, id, was string) []glovebox.Residue {
	ctx, cancel := context.WithTimeout(ctx, removeTime)
	defer cancel()
	failed := a.cfg.Runtime.Destroy(ctx, id)
	if failed == nil {
		failed = a.detach(ctx, id, was)
	}
	found, err := a.look(ctx, id)
	var left []glovebox.Residue
	for _, r := range found {
		if r.Sandbox == id || was != "" && r.Sandbox == was {
			left = append(left, r)
		}
	}
	if was != "" && len(left) > 0 {
		_ = a.cfg.Runtime.Destroy(ctx, was) // the next try shows whether it helped
	}
	// An error is not a clean bill: something unknown is left.
	for _, e := range []error{failed, err} {
		if e != nil && len(left) == 0 {
			left = append(left, glovebox.Residue{Kind: "unknown", Name: e.Error()})
		}
	}
	return left
}
