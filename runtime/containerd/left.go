package containerd

import (
	"context"
	"errors"
	"os"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/errdefs"

	"glovebox"
	"glovebox/runtime/containerd/internal/hostview"
)

// residueOf lists what is left of one sandbox. It looks for that alone, so it
// costs the same however many others there are; Residue looks for everything.
func (r *Runtime) residueOf(ctx context.Context, n names) ([]glovebox.Residue, error) {
	left, err := r.leftOnHost(n)
	for _, name := range n.all() {
		asked := r.call(ctx, glance, func(ctx context.Context) error {
			_, err := r.client.ContainerService().Get(ctx, name)
			if err = native(err); err == nil {
				left = append(left, glovebox.Residue{Kind: "container", Name: name, Sandbox: n.id})
			} else if errdefs.IsNotFound(err) {
				return nil // nor a task: containerd finds those by their container
			} else {
				return err
			}
			_, err = r.tasks.Get(ctx, &tasks.GetRequest{ContainerID: name})
			if err = native(err); err == nil {
				left = append(left, glovebox.Residue{Kind: "process", Name: "task " + name, Sandbox: n.id})
			} else if !errdefs.IsNotFound(err) {
				return err
			}
			return nil
		})
		err = errors.Join(err, asked)
	}
	return left, err
}

// leftOnHost lists what the kernel and our folders hold of it.
func (r *Runtime) leftOnHost(n names) ([]glovebox.Residue, error) {
	var left []glovebox.Residue
	found := func(kind, name string) {
		left = append(left, glovebox.Residue{Kind: kind, Name: name, Sandbox: n.id})
	}
	// A control group is there as long as a process is in it. What is in none
	// says in its arguments what it is for.
	procs, err := hostview.Mentioning(n.all()...)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list processes: %w", err)
	}
	c := claims{n.container: n.id}
	for _, p := range procs {
		if id, ok := r.owner(p, c, r.parents()); ok && id == n.id {
			found("process", p.Name())
		}
	}
	places := append(r.places(n), r.dir(n.id))
	mounts, err := hostview.Mounts(places...)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list mounts: %w", err)
	}
	for _, m := range mounts {
		kind := "mount"
		if m.Type == "nsfs" {
			kind = "namespace"
		}
		found(kind, m.Point)
	}
	for _, name := range n.all() {
		for _, dir := range r.group(name).Existing() {
			found("cgroup", dir)
		}
		places = append(places, r.stateDir(name), r.socket(name))
	}
	for _, path := range places {
		if _, err := os.Lstat(path); err == nil {
			found("file", path)
		}
	}
	return left, nil
}
