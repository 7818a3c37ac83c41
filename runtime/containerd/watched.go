package containerd

import (
	"context"
	"encoding/json"

	task "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs"

	"glovebox"
)

var _ glovebox.Watcher = (*Runtime)(nil)

// The shim's own service beside the task API.
const (
	watchService = "dev.glovebox.Watch"
	seenMethod   = "Seen"
)

// Watched implements glovebox.Watcher.
func (r *Runtime) Watched(ctx context.Context, id string) (glovebox.Observed, error) {
	rec, err := r.record(id)
	if err != nil {
		return glovebox.Observed{}, err
	}
	if rec.Runtime != glovebox.RuntimeGVisor {
		return glovebox.Observed{}, glovebox.Errorf(glovebox.KindConflict, "sandboxes of %s cannot be watched", rec.Runtime)
	}
	seen, err := r.seen(ctx, rec)
	if err != nil {
		return glovebox.Observed{}, err
	}
	if told, ok := r.report(rec); ok {
		seen.Usage = glovebox.Usage{MemoryPeak: told.MemoryPeakBytes, CPUTime: glovebox.Duration(told.CPUNanos)}
		seen.Disk = told.ScratchBytes
	} else if c, ok := r.group(rec.Container).Counters(); ok {
		seen.Usage = glovebox.Usage{MemoryPeak: c.MemoryPeak, CPUTime: glovebox.Duration(c.CPU)}
	}
	return *seen, nil
}

// seen asks the shim, or reads what it left at the sandbox's end.
func (r *Runtime) seen(ctx context.Context, rec record) (*glovebox.Observed, error) {
	if told, ok := r.report(rec); ok {
		return watched(rec.ID, told.Watch)
	}
	l, err := r.shim(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	var resp task.StatsResponse
	err = native(l.client.Call(r.spoken(ctx), watchService, seenMethod, &task.StatsRequest{ID: rec.Container}, &resp))
	switch {
	case errdefs.IsFailedPrecondition(err):
		return watched(rec.ID, nil)
	case err != nil:
		// It may have ended meanwhile.
		if told, ok := r.report(rec); ok {
			return watched(rec.ID, told.Watch)
		}
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "ask what sandbox %s does: %w", rec.ID, err)
	}
	seen := &glovebox.Observed{}
	if err := json.Unmarshal(resp.GetStats().GetValue(), seen); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "read what sandbox %s does: %w", rec.ID, err)
	}
	return seen, nil
}

// watched is what was seen, or that nobody looked.
func watched(id string, seen *glovebox.Observed) (*glovebox.Observed, error) {
	if seen == nil {
		return nil, glovebox.Errorf(glovebox.KindConflict, "sandbox %s is not watched", id)
	}
	return seen, nil
}
