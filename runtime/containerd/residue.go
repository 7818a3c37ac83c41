package containerd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/errdefs"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"

	"glovebox"
	"glovebox/runtime/containerd/internal/hostview"
)

// Residue implements glovebox.Inventory. If containerd does not answer, it
// returns what the kernel and the folders show, and an error of
// KindUnavailable that says that containers, tasks and snapshots are not in it.
func (r *Runtime) Residue(ctx context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	held, err := r.heldByDaemon(ctx)
	seen, seenErr := r.heldByHost(owners(held)...)
	if err == nil {
		err = seenErr
	}
	left := slices.DeleteFunc(append(held, seen...), func(x glovebox.Residue) bool { return live[x.Sandbox] })
	return left, err
}

// residueOf lists what is left of one sandbox.
func (r *Runtime) residueOf(ctx context.Context, id string) ([]glovebox.Residue, error) {
	seen, err := r.heldByHost(id)
	left := slices.DeleteFunc(seen, func(x glovebox.Residue) bool { return x.Sandbox != id })
	asked := r.call(ctx, glance, func(ctx context.Context) error {
		_, err := r.client.ContainerService().Get(ctx, id)
		if err = native(err); err == nil {
			left = append(left, glovebox.Residue{Kind: "container", Name: id, Sandbox: id})
		} else if !errdefs.IsNotFound(err) {
			return err
		}
		_, err = r.tasks.Get(ctx, &tasks.GetRequest{ContainerID: id})
		if err = native(err); err == nil {
			left = append(left, glovebox.Residue{Kind: "process", Name: "task " + id, Sandbox: id})
		} else if !errdefs.IsNotFound(err) {
			return err
		}
		return nil
	})
	return left, errors.Join(err, asked)
}

// owners are the sandboxes that things belong to.
func owners(held []glovebox.Residue) []string {
	var ids []string
	for _, x := range held {
		if x.Sandbox != "" {
			ids = append(ids, x.Sandbox)
		}
	}
	return ids
}

// heldByHost lists what the kernel and our folders hold of any sandbox. The
// ids are known otherwise.
func (r *Runtime) heldByHost(ids ...string) ([]glovebox.Residue, error) {
	var held []glovebox.Residue
	procs, err := r.processes()
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list processes: %w", err)
	}
	for _, p := range procs {
		held = append(held, glovebox.Residue{Kind: "process", Name: p.Name(), Sandbox: p.id})
	}
	for _, id := range r.groups.Children(r.config.cgroupParent()) {
		for _, dir := range r.group(id).Existing() {
			held = append(held, glovebox.Residue{Kind: "cgroup", Name: dir, Sandbox: id})
		}
	}
	for _, parent := range r.parents() {
		mounts, err := hostview.Mounts(parent)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindInternal, "list mounts: %w", err)
		}
		for _, m := range mounts {
			kind := "mount"
			if m.Type == "nsfs" {
				kind = "namespace"
			}
			held = append(held, glovebox.Residue{Kind: kind, Name: m.Point, Sandbox: below(parent, m.Point)})
		}
		entries, _ := os.ReadDir(parent)
		for _, e := range entries {
			held = append(held, glovebox.Residue{Kind: "file", Name: filepath.Join(parent, e.Name()), Sandbox: below(parent, filepath.Join(parent, e.Name()))})
		}
	}
	tables, err := hostview.Tables("glovebox_" + r.config.Instance)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list nftables: %w", err)
	}
	for _, name := range tables { // none is made yet, so any is too many
		held = append(held, glovebox.Residue{Kind: "nft", Name: name})
	}
	for dir, id := range r.stateDirs() {
		held = append(held, glovebox.Residue{Kind: "file", Name: dir, Sandbox: id})
	}
	return append(held, r.sockets(append(owners(held), ids...))...), nil
}

// parents are the folders with an entry for each sandbox.
func (r *Runtime) parents() []string {
	var dirs []string
	for _, dir := range r.places("x") {
		if dir = filepath.Dir(dir); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// leavings names the sandboxes of which containerd was removing the bundle when
// it was killed: it renames a folder to .id first, and does not look for those
// when it comes back.
func (r *Runtime) leavings() []string {
	var ids []string
	for _, dir := range r.parents() {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if id, hidden := strings.CutPrefix(e.Name(), "."); hidden {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// below is the first part of path under dir: a sandbox id, where it can be one.
func below(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(rel, "/")
	first = strings.TrimPrefix(first, ".")
	if checkID(first) != nil {
		return ""
	}
	return first
}

// ours is a process that belongs to a sandbox.
type ours struct {
	hostview.Process
	id string
}

// processes lists those that are in a sandbox's control group, name its folder
// or bundle in their arguments, or are a stock shim started for it.
func (r *Runtime) processes() ([]ours, error) {
	all, err := hostview.Processes()
	if err != nil {
		return nil, err
	}
	var found []ours
	for _, p := range all {
		if id, ok := r.owner(p); ok {
			found = append(found, ours{p, id})
		}
	}
	return found, nil
}

func (r *Runtime) owner(p hostview.Process) (string, bool) {
	if p.PID == os.Getpid() {
		return "", false
	}
	for _, group := range p.Cgroups {
		if rest, ok := strings.CutPrefix(group, r.config.cgroupParent()+"/"); ok {
			id, _, _ := strings.Cut(rest, "/")
			return id, true
		}
	}
	for i, arg := range p.Args {
		for _, parent := range r.parents() {
			if at := strings.Index(arg, parent+"/"); at >= 0 {
				return below(parent, filepath.Clean(arg[at:])), true
			}
		}
		// A stock shim: -namespace N -id ID -address A.
		if arg == "-id" && i+1 < len(p.Args) && slices.Contains(p.Args, r.config.Daemon.Address) {
			return p.Args[i+1], true
		}
	}
	return "", false
}

func describe(left []glovebox.Residue) string {
	var words []string
	for _, x := range left[:min(len(left), 10)] {
		words = append(words, x.Kind+" "+x.Name)
	}
	return strings.Join(words, ", ")
}
