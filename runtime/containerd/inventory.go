package containerd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/v2/core/snapshots"

	"glovebox"
)

// List implements glovebox.Inventory: whatever has an id, from containerd,
// control groups and folders. It fails if containerd does not answer, because
// then it cannot be complete.
func (r *Runtime) List(ctx context.Context) ([]glovebox.Found, error) {
	c := r.claims()
	ids, err := r.recorded()
	if err != nil {
		return nil, err
	}
	held, err := r.heldByDaemon(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		ids = append(ids, h.Sandbox)
	}
	for _, name := range append(r.groups.Children(r.config.cgroupParent()), r.leavings()...) {
		ids = append(ids, c.of(name))
	}
	slices.Sort(ids)
	var found []glovebox.Found
	for _, id := range slices.Compact(ids) {
		if checkID(id) != nil {
			continue // not a sandbox: Residue tells of it
		}
		_, started := r.marked(id, startedFile)
		if _, err := r.record(id); err != nil && !r.madeAhead(id) {
			started = true // nothing says that it was not
		}
		found = append(found, glovebox.Found{ID: id, Started: started})
	}
	return found, nil
}

// recorded names the sandboxes that have a folder.
func (r *Runtime) recorded() ([]string, error) {
	entries, err := os.ReadDir(r.dir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list sandboxes: %w", err)
	}
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.Name())
	}
	return ids, nil
}

// heldByDaemon lists the containers, tasks and foreign snapshots of containerd.
func (r *Runtime) heldByDaemon(ctx context.Context, c claims) ([]glovebox.Residue, error) {
	var held []glovebox.Residue
	err := r.call(ctx, glance, func(ctx context.Context) error {
		held = nil
		all, err := r.client.ContainerService().List(ctx)
		if err != nil {
			return err
		}
		for _, x := range all {
			held = append(held, glovebox.Residue{Kind: "container", Name: x.ID, Sandbox: c.of(x.ID)})
		}
		running, err := r.tasks.List(ctx, &tasks.ListTasksRequest{})
		if err != nil {
			return err
		}
		for _, t := range running.Tasks {
			held = append(held, glovebox.Residue{Kind: "process", Name: "task " + t.ID, Sandbox: c.of(t.ID)})
		}
		return r.snapshots().Walk(ctx, func(_ context.Context, info snapshots.Info) error {
			if !imageSnapshot(info) {
				held = append(held, glovebox.Residue{Kind: "snapshot", Name: info.Name})
			}
			return nil
		})
	})
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "list what containerd holds: %w", err).
			Try("see whether containerd runs and listens at %s", r.config.Daemon.Address)
	}
	return held, nil
}

// imageSnapshot says whether a snapshot is a layer, or stands for an image, or
// is a layer being unpacked. Sandboxes have none.
func imageSnapshot(info snapshots.Info) bool {
	switch info.Kind {
	case snapshots.KindCommitted:
		return true
	case snapshots.KindView:
		return info.Labels[labelDigest] != ""
	}
	return strings.HasPrefix(info.Name, "extract-")
}
