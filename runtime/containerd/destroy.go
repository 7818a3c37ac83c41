package containerd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/runtime/containerd/internal/hostview"
)

// destroyTime bounds a Destroy, whatever the sandbox does.
const destroyTime = 10 * time.Second

// repeatTime is how long a destroy that found something left tries again: what
// is about to end by itself, such as containerd's own cleaning, is no residue.
const repeatTime = 3 * time.Second

// Destroy implements glovebox.Runtime.
func (r *Runtime) Destroy(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return nil // Create made nothing of that name
	}
	ctx, cancel := context.WithTimeout(ctx, destroyTime)
	defer cancel()
	unlock, err := r.ids.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	r.forget(id)
	return r.destroy(ctx, id)
}

// destroy repeats the steps until nothing is left.
func (r *Runtime) destroy(ctx context.Context, id string) error {
	end := time.Now().Add(repeatTime)
	for wait := pause; ; wait *= 2 {
		failed := r.destroyOnce(ctx, id)
		left, err := r.residueOf(ctx, id)
		if failed == nil && err == nil && len(left) == 0 {
			return nil
		}
		if failed == nil {
			failed = err
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return destroyFault(id, left, failed)
		}
		time.Sleep(wait)
	}
}

func destroyFault(id string, left []glovebox.Residue, failed error) error {
	const hint = "destroy it again, each step can be repeated; if it stays so, drain the node"
	switch {
	case len(left) == 0:
		return glovebox.Errorf(glovebox.KindOf(failed), "destroy sandbox %s: %w", id, failed).Try(hint)
	case failed == nil:
		return glovebox.Errorf(glovebox.KindResidue, "of sandbox %s is left: %s", id, describe(left)).Try(hint)
	}
	return glovebox.Errorf(glovebox.KindResidue, "of sandbox %s is left: %s: %w", id, describe(left), failed).Try(hint)
}

// destroyOnce removes whatever there is of id, in an order in which each step
// only needs those before it, and each can be repeated: the processes, the
// task, the container, then what they held, and the folder as the last, so
// that an interrupted destroy is found and gone on with. A step that fails does
// not keep the others from being tried; the first failure is returned.
func (r *Runtime) destroyOnce(ctx context.Context, id string) (failed error) {
	steps := []struct {
		name string
		do   func(context.Context, string) error
	}{
		{"kill its processes", r.killAll},
		{"delete its task", r.deleteTask},
		{"delete its container", r.deleteContainer},
		{"end what is left of it", r.killRest},
		{"unmount", r.unmountAll},
		{"remove its control groups", r.removeGroups},
		{"remove its files", r.removeFiles},
	}
	for _, s := range steps {
		if err := s.do(ctx, id); err != nil && failed == nil {
			failed = glovebox.Errorf(glovebox.KindOf(err), "%s: %w", s.name, err)
		}
	}
	return failed
}

// killAll ends the processes in the control group straight away: asking the
// runtime would start a process of its own for runc and costs a round trip.
func (r *Runtime) killAll(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return r.group(id).Kill(ctx)
}

func (r *Runtime) removeGroups(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return r.group(id).Remove(ctx)
}

func (r *Runtime) deleteTask(ctx context.Context, id string) error {
	return r.call(ctx, destroyTime, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
		defer cancel()
		_, err := r.tasks.Kill(ctx, &tasks.KillRequest{ContainerID: id, Signal: uint32(syscall.SIGKILL), All: true})
		if err = native(err); errdefs.IsUnavailable(err) {
			return err
		}
		for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
			_, err = r.tasks.Delete(ctx, &tasks.DeleteTaskRequest{ContainerID: id})
			// Not ended yet, or the shim has not noticed.
			if err = native(err); !errdefs.IsFailedPrecondition(err) || ctx.Err() != nil {
				break
			}
			time.Sleep(wait)
		}
		if errdefs.IsUnavailable(err) {
			return err
		}
		if !gone(err) {
			// The shim is hung. containerd forgets the task when the connection
			// to it breaks, so end a stock one; killRest does that.
			return errors.Join(err, r.killRest(ctx, id))
		}
		return nil
	})
}

func (r *Runtime) deleteContainer(ctx context.Context, id string) error {
	return r.call(ctx, destroyTime, func(ctx context.Context) error {
		if err := r.client.ContainerService().Delete(ctx, id); !gone(native(err)) {
			return err
		}
		return nil
	})
}

// killRest ends processes that the steps before left: in the control group, or
// known by their arguments to serve this sandbox alone.
func (r *Runtime) killRest(ctx context.Context, id string) error {
	procs, err := r.processes()
	if err != nil {
		return err
	}
	for _, p := range procs {
		if p.id == id {
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		}
	}
	return r.killAll(ctx, id)
}

func (r *Runtime) unmountAll(_ context.Context, id string) error {
	var errs []error
	for _, dir := range r.places(id) {
		mounts, err := hostview.Mounts(dir)
		if err != nil {
			return err
		}
		for _, m := range slices.Backward(mounts) {
			err := unix.Unmount(m.Point, unix.UMOUNT_NOFOLLOW)
			if errors.Is(err, unix.EBUSY) {
				// Whoever still holds it is dead or ours; no one new gets in.
				err = unix.Unmount(m.Point, unix.UMOUNT_NOFOLLOW|unix.MNT_DETACH)
			}
			if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
				errs = append(errs, &fs.PathError{Op: "unmount", Path: m.Point, Err: err})
			}
		}
	}
	return errors.Join(errs...)
}

func (r *Runtime) removeFiles(_ context.Context, id string) error {
	if err := errors.Join(r.removeState(id), r.removeSocket(id)); err != nil {
		return err
	}
	for _, dir := range r.places(id) {
		// Never into something that is still mounted.
		if mounts, err := hostview.Mounts(dir); err != nil || len(mounts) > 0 {
			return errors.Join(err, glovebox.Errorf(glovebox.KindResidue, "%s is still a mount", dir))
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// places are the folders in which there is something of a sandbox, its own
// folder last.
func (r *Runtime) places(id string) []string {
	d := r.config.Daemon
	return []string{
		d.bundle(r.config.Namespace, id), d.work(r.config.Namespace, id),
		d.bundle(r.config.Namespace, "."+id), d.work(r.config.Namespace, "."+id), // see leavings
		filepath.Join(r.runcState(), r.config.Namespace, id), r.dir(id),
	}
}

// runcState is where runc keeps its state, in a folder for each namespace.
func (r *Runtime) runcState() string { return filepath.Join(r.config.Dir, "runc") }
