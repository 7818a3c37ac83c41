package containerd

import (
	"context"
	"time"

	shim "github.com/containerd/containerd/api/runtime/task/v3"
	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/task"
	"github.com/containerd/errdefs"

	"glovebox"
)

// Start implements glovebox.Runtime.
func (r *Runtime) Start(ctx context.Context, id string) error {
	unlock, err := r.ids.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := r.record(id)
	if err != nil {
		return err
	}
	// Marked before, so that a command that ran is never taken for one that
	// did not.
	if err := r.mark(id, startedFile, time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "mark sandbox %s as started: %w", id, err)
	}
	r.monitor(id) // before the command runs: a short one is over when Start returns
	if rec.Runtime == glovebox.RuntimeGVisor {
		return r.startGVisor(ctx, rec)
	}
	return r.startRunc(ctx, rec)
}

// startGVisor asks the shim itself. It knows what it has not got, so "not
// found" from it says that the command did not run; without an answer, or
// without proof that the shim has lived through what it says, it may have.
func (r *Runtime) startGVisor(ctx context.Context, rec record) error {
	l, err := r.shim(ctx)
	if err != nil {
		return deserted(rec.ID, err) // nobody was asked to start it
	}
	asked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err = l.Start(r.spoken(asked), &shim.StartRequest{ID: rec.Container})
	if err = native(err); err == nil {
		return nil
	}
	if asked.Err() != nil || !r.holds(ctx, l) {
		return notStarted(rec.ID, deserted(rec.ID, err))
	}
	if commandFault(err) == nil && errdefs.IsNotFound(err) {
		return unknown(rec.ID) // another shim lives there now
	}
	return notStarted(rec.ID, err)
}

// startRunc asks through containerd, which has started the stock shim.
func (r *Runtime) startRunc(ctx context.Context, rec record) error {
	id := rec.ID
	if _, err := r.task(ctx, id); errdefs.IsNotFound(err) {
		return unknown(id) // the shim died since: nobody was asked to start it
	} else if err != nil {
		return startFault(id, err)
	}
	before, tries := r.lives(rec.Runtime), 0
	err := r.call(ctx, patience, func(ctx context.Context) error {
		if tries++; tries > 1 {
			// containerd went away during the first try, which may have worked.
			if p, err := r.process(ctx, id); err != nil || p.Status != task.Status_CREATED {
				return err
			}
		}
		_, err := r.tasks.Start(ctx, &tasks.StartRequest{ContainerID: id})
		if tries > 1 && errdefs.IsFailedPrecondition(native(err)) {
			return nil // started already, by the try whose answer was lost
		}
		return err
	})
	if err == nil {
		return nil
	}
	if !r.livedOn(ctx, before, rec.Runtime) {
		err = deserted(id, err)
	}
	return notStarted(id, err)
}

// task is process, asked until containerd answers.
func (r *Runtime) task(ctx context.Context, id string) (p *task.Process, err error) {
	err = r.call(ctx, patience, func(ctx context.Context) error {
		p, err = r.process(ctx, id)
		return err
	})
	return p, err
}

// notStarted words an error of the call that starts a command. What is not
// there any more after it, or does not answer, may have run: containerd says
// "not found" also when the shim died just after it had done its part.
func notStarted(id string, err error) error {
	missing := commandFault(err) == nil && errdefs.IsNotFound(err)
	if missing || shimAway(err) || glovebox.KindOf(err) == glovebox.KindUnavailable {
		return glovebox.Errorf(glovebox.KindNodeLost, "sandbox %s was lost while its command was started: %w", id, err).
			Try("submit the job again if running it twice does no harm")
	}
	return startFault(id, err)
}

// process asks for the state of a sandbox's first process.
func (r *Runtime) process(ctx context.Context, id string) (*task.Process, error) {
	resp, err := r.tasks.Get(ctx, &tasks.GetRequest{ContainerID: id})
	if err != nil {
		return nil, native(err)
	}
	return resp.Process, nil
}

// Signal implements glovebox.Runtime. A command that has ended takes it
// silently.
func (r *Runtime) Signal(ctx context.Context, id string, signal int) error {
	rec, err := r.record(id)
	if err != nil {
		return err
	}
	err = r.kill(ctx, rec, signal)
	switch {
	case err == nil:
		return nil
	case errdefs.IsNotFound(err):
		// runc says so of an ended command too, containerd of a task lost.
		return nil
	case errdefs.IsFailedPrecondition(err):
		return nil
	case errdefs.IsInvalidArgument(err):
		return glovebox.Errorf(glovebox.KindInvalid, "signal %d: %w", signal, err)
	}
	return glovebox.Errorf(glovebox.KindOf(err), "signal sandbox %s: %w", id, err)
}

func (r *Runtime) kill(ctx context.Context, rec record, signal int) error {
	return r.call(ctx, patience, func(ctx context.Context) error {
		_, err := r.tasks.Kill(ctx, &tasks.KillRequest{ContainerID: rec.Container, Signal: uint32(signal), All: signal == 9})
		return err
	})
}
