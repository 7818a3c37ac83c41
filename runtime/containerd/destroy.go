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
	if r.claims().of(id) != id {
		return nil // it was claimed: that sandbox does not answer to this name
	}
	r.forget(id)
	return r.destroy(ctx, r.names(id))
}

// destroy repeats the steps until nothing is left but the folder, and then
// removes that: it alone knows the container's name, so that an interrupted
// destroy is found and gone on with.
func (r *Runtime) destroy(ctx context.Context, n names) error {
	end := time.Now().Add(repeatTime)
	for wait, again := pause, false; ; wait, again = wait*2, true {
		failed := r.destroyOnce(ctx, n, again)
		left, err := r.residueOf(ctx, n)
		left = slices.DeleteFunc(left, func(x glovebox.Residue) bool { return x.Name == r.dir(n.id) && x.Kind == "file" })
		if failed == nil && err == nil && len(left) == 0 {
			if err = os.RemoveAll(r.dir(n.id)); err == nil {
				return nil
			}
		}
		if failed == nil {
			failed = err
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return destroyFault(n.id, left, failed)
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

// destroyOnce removes whatever there is of a sandbox but its folder, in an order
// in which each step only needs those before it, and each can be repeated: the
// processes, the task, the container, then what they held. A step that fails
// does not keep the others from being tried; the first failure is returned.
// Only a second try looks through all processes for some to end, and for what
// is called by the id of a sandbox that was claimed: usually nothing is.
func (r *Runtime) destroyOnce(ctx context.Context, n names, again bool) (failed error) {
	if !again {
		n = names{n.container, n.container}
	}
	steps := []struct {
		name string
		do   func(context.Context, names) error
	}{
		{"kill its processes", each(r.killAll)},
		{"delete its task and container", r.deleteContainers},
		{"end what is left of it", func(ctx context.Context, n names) error {
			if !again {
				return nil
			}
			return r.killRest(ctx, n)
		}},
		{"unmount", r.unmountAll},
		{"remove its control groups", each(r.removeGroups)},
		{"remove its files", r.removeFiles},
	}
	for _, s := range steps {
		if err := s.do(ctx, n); err != nil && failed == nil {
			failed = glovebox.Errorf(glovebox.KindOf(err), "%s: %w", s.name, err)
		}
	}
	return failed
}

// each does something for every name that a part of the sandbox can have.
func each(do func(context.Context, string) error) func(context.Context, names) error {
	return func(ctx context.Context, n names) error {
		var errs []error
		for _, name := range n.all() {
			errs = append(errs, do(ctx, name))
		}
		return errors.Join(errs...)
	}
}

// killAll ends the processes in the control group straight away: asking the
// runtime would start a process of its own for runc and costs a round trip.
func (r *Runtime) killAll(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return r.group(name).Kill(ctx)
}

func (r *Runtime) removeGroups(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return r.group(name).Remove(ctx)
}

// deleteContainers leaves a container whose task it cannot delete: containerd
// finds a task by its container, so nobody could delete it later.
func (r *Runtime) deleteContainers(ctx context.Context, n names) error {
	return each(func(ctx context.Context, name string) error {
		if err := r.deleteTask(ctx, n, name); err != nil {
			return err
		}
		return r.deleteContainer(ctx, name)
	})(ctx, n)
}

func (r *Runtime) deleteTask(ctx context.Context, n names, name string) error {
	return r.call(ctx, destroyTime, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
		defer cancel()
		var err error
		for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
			_, err = r.tasks.Delete(ctx, &tasks.DeleteTaskRequest{ContainerID: name})
			// Not ended yet, or the shim has not noticed.
			if err = native(err); !errdefs.IsFailedPrecondition(err) || ctx.Err() != nil {
				break
			}
			if wait == time.Millisecond {
				_, err = r.tasks.Kill(ctx, &tasks.KillRequest{ContainerID: name, Signal: uint32(syscall.SIGKILL), All: true})
				if err = native(err); errdefs.IsUnavailable(err) {
					return err
				}
			}
			time.Sleep(wait)
		}
		if errdefs.IsUnavailable(err) {
			return err
		}
		if !gone(err) {
			// The shim is hung. containerd forgets the task when the connection
			// to it breaks, so end a stock one; killRest does that.
			return errors.Join(err, r.killRest(ctx, n))
		}
		return nil
	})
}

func (r *Runtime) deleteContainer(ctx context.Context, name string) error {
	return r.call(ctx, destroyTime, func(ctx context.Context) error {
		if err := r.client.ContainerService().Delete(ctx, name); !gone(native(err)) {
			return err
		}
		return nil
	})
}

// killRest ends processes that the steps before left: in the control group, or
// known by their arguments to serve this sandbox alone.
func (r *Runtime) killRest(ctx context.Context, n names) error {
	procs, err := r.processes(r.claims())
	if err != nil {
		return err
	}
	for _, p := range procs {
		if p.id == n.id {
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		}
	}
	return each(r.killAll)(ctx, n)
}

func (r *Runtime) unmountAll(_ context.Context, n names) error {
	mounts, err := hostview.Mounts(append(r.places(n), r.dir(n.id))...)
	errs := []error{err}
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
	return errors.Join(errs...)
}

func (r *Runtime) removeFiles(_ context.Context, n names) error {
	for _, name := range n.all() {
		if err := errors.Join(r.removeState(name), r.removeSocket(name)); err != nil {
			return err
		}
	}
	places := r.places(n)
	// Never into something that is still mounted.
	if mounts, err := hostview.Mounts(places...); err != nil || len(mounts) > 0 {
		return errors.Join(err, glovebox.Errorf(glovebox.KindResidue, "%d mounts are still there", len(mounts)))
	}
	for _, dir := range places {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// places are the folders in which there is something of a sandbox, but for its
// own.
func (r *Runtime) places(n names) (dirs []string) {
	d := r.config.Daemon
	for _, name := range n.all() {
		dirs = append(dirs,
			d.bundle(r.config.Namespace, name), d.work(r.config.Namespace, name),
			d.bundle(r.config.Namespace, "."+name), d.work(r.config.Namespace, "."+name), // see leavings
			filepath.Join(r.runcState(), r.config.Namespace, name))
	}
	return dirs
}

// runcState is where runc keeps its state, in a folder for each namespace.
func (r *Runtime) runcState() string { return filepath.Join(r.config.Dir, "runc") }
