package agent

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox"
	"glovebox/internal/nodev1"
)

// redoTime is how long a sandbox is prepared again and again while containerd
// or the shim is away. They are back within a second or two, or something is
// wrong that waiting does not heal.
const redoTime = 60 * time.Second

// redoable says whether err is about the node and not about the job, and the
// command was surely not started: then the job need not hear of it. A runtime
// answers KindUnavailable to Start only in that case, and KindNotFound when the
// sandbox vanished between Create and Start.
func (s *sandbox) redoable(err error) bool {
	switch glovebox.KindOf(err) {
	case glovebox.KindUnavailable, glovebox.KindNotFound:
		return s.redoSince.IsZero() || time.Since(s.redoSince) < redoTime
	}
	return false
}

// redoing drops what was prepared, waits a little and prepares it again.
func (s *sandbox) redoing(ctx context.Context) state {
	if s.redoSince.IsZero() {
		s.redoSince, s.redoWait.max = time.Now(), s.a.cfg.MaxBackoff
	}
	s.letGo()
	s.fresh = false
	s.tell(func(r *nodev1.Sandbox) {
		r.Phase, r.Started = nodev1.Phase_PHASE_PREPARING, (*timestamppb.Timestamp)(nil)
	})
	if !s.redoWait.wait(ctx) {
		return nil
	}
	if s.wish().vanished() {
		return s.destroying
	}
	return s.preparing
}
