package containerd

import (
	"context"
	"errors"
	"time"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/errdefs"

	"glovebox"
)

// monitor watches one sandbox until its command has ended: it keeps the limits
// and remembers the end. One is there from Start on, or from the first Wait of
// a later process.
type monitor struct {
	stop context.CancelFunc
	done chan struct{}
	exit glovebox.Exit
	err  error
}

// Wait implements glovebox.Runtime.
func (r *Runtime) Wait(ctx context.Context, id string) (glovebox.Exit, error) {
	if _, err := r.record(id); err != nil {
		return glovebox.Exit{}, err
	}
	m := r.monitor(id)
	select {
	case <-m.done:
		return m.exit, m.err
	case <-ctx.Done():
		return glovebox.Exit{}, ctx.Err()
	}
}

// monitor returns the sandbox's monitor, and starts one if there is none.
func (r *Runtime) monitor(id string) *monitor {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.monitors[id]; m != nil {
		return m
	}
	ctx, stop := context.WithCancel(r.ctx)
	m := &monitor{stop: stop, done: make(chan struct{})}
	r.monitors[id] = m
	rec, err := r.record(id)
	go func() {
		defer stop()
		defer close(m.done)
		if m.err = err; err == nil {
			m.exit, m.err = r.watch(ctx, rec)
		}
	}()
	return m
}

// forget ends the monitor of a sandbox that is being destroyed; who waits is
// told KindNotFound, unless the end was seen before.
func (r *Runtime) forget(id string) {
	r.mu.Lock()
	m := r.monitors[id]
	delete(r.monitors, id)
	r.mu.Unlock()
	if m != nil {
		m.stop()
		<-m.done
	}
}

// watch returns how the sandbox ended, from its record or by waiting for it.
func (r *Runtime) watch(ctx context.Context, rec record) (glovebox.Exit, error) {
	id := rec.ID
	var exit glovebox.Exit
	if err := r.load(id, exitFile, &exit); err == nil {
		return exit, nil
	}
	limits := r.keepLimits(ctx, rec)
	status, err := r.waitTask(ctx, rec)
	limits.stop()
	switch {
	case ctx.Err() != nil:
		return exit, unknown(id)
	case errdefs.IsNotFound(err) && r.load(id, exitFile, &exit) == nil:
		return exit, nil // somebody else saw it; see Recall
	case errdefs.IsNotFound(err):
		return exit, glovebox.Errorf(glovebox.KindNodeLost, "sandbox %s is gone, and nobody saw how it ended", id).
			Try("run the job again")
	case err != nil:
		return exit, glovebox.Errorf(glovebox.KindInternal, "wait for sandbox %s: %w", id, err)
	}
	exit = r.end(rec, status, limits)
	if told, ok := r.report(rec); ok && told.Crashed && exit.Limit == "" {
		return exit, glovebox.Errorf(glovebox.KindNodeLost, "the kernel of sandbox %s failed under it", id).
			Try("run the job again; if it fails the same way, what it does is beyond this gVisor")
	}
	if err := r.keep(id, exitFile, &exit); err != nil {
		return exit, glovebox.Errorf(glovebox.KindInternal, "record the end of sandbox %s: %w", id, err)
	}
	return exit, nil
}

// waitTask waits for the first process to end. An answer that is neither that
// nor "not found" is asked again: containerd or a shim went away during it.
func (r *Runtime) waitTask(ctx context.Context, rec record) (ended, error) {
	if e, err := r.waitShim(ctx, rec); err == nil {
		return e, nil
	}
	const tries = 20 // of errors that stay; some seconds in all
	var last error
	for n, pauseNow := 0, pause; n < tries; n++ {
		resp, err := r.tasks.Wait(ctx, &tasks.WaitRequest{ContainerID: rec.Container})
		if err == nil {
			return ended{resp.ExitStatus, resp.ExitedAt}, nil
		}
		last = native(err)
		if errdefs.IsNotFound(last) || ctx.Err() != nil {
			return ended{}, last
		}
		if errdefs.IsUnavailable(last) || errors.Is(last, context.DeadlineExceeded) {
			n = 0 // containerd is away, and comes back
		}
		select {
		case <-ctx.Done():
			return ended{}, ctx.Err()
		case <-time.After(pauseNow):
			pauseNow = min(2*pauseNow, 300*time.Millisecond)
		}
	}
	return ended{}, last
}
