package containerd

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"glovebox"
	"glovebox/runtime/containerd/internal/hostview"
)

// Residue implements glovebox.Inventory. If containerd does not answer, it
// returns what the kernel and the folders show, and an error of
// KindUnavailable that says that containers, tasks and snapshots are not in it.
func (r *Runtime) Residue(ctx context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	// Read first: what belongs to a sandbox that is destroyed meanwhile is not
	// taken for its parked self's.
	c := r.claims()
	held, err := r.heldByDaemon(ctx, c)
	seen, seenErr := r.heldByHost(c, owners(held)...)
	if err == nil {
		err = seenErr
	}
	left := slices.DeleteFunc(append(held, seen...), func(x glovebox.Residue) bool { return live[x.Sandbox] })
	return left, err
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
// names are known otherwise.
func (r *Runtime) heldByHost(c claims, known ...string) ([]glovebox.Residue, error) {
	var held []glovebox.Residue
	procs, err := r.processes(c)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list processes: %w", err)
	}
	for _, p := range procs {
		held = append(held, glovebox.Residue{Kind: "process", Name: p.Name(), Sandbox: p.id})
	}
	for _, name := range r.groups.Children(r.config.cgroupParent()) {
		for _, dir := range r.group(name).Existing() {
			held = append(held, glovebox.Residue{Kind: "cgroup", Name: dir, Sandbox: c.of(name)})
		}
	}
	for _, parent := range r.parents() {
		found, err := r.heldBelow(parent, c)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindInternal, "list mounts: %w", err)
		}
		held = append(held, found...)
	}
	tables, err := hostview.Tables("glovebox_" + r.config.Instance)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list nftables: %w", err)
	}
	for _, name := range tables { // none is made yet, so any is too many
		held = append(held, glovebox.Residue{Kind: "nft", Name: name})
	}
	for dir, name := range r.stateDirs() {
		held = append(held, glovebox.Residue{Kind: "file", Name: dir, Sandbox: c.of(name)})
	}
	held = append(held, r.heldSnapshots()...)
	return append(held, r.sockets(append(owners(held), known...))...), nil
}

// heldBelow lists the mounts and files in a folder with an entry for each
// sandbox.
func (r *Runtime) heldBelow(parent string, c claims) ([]glovebox.Residue, error) {
	var held []glovebox.Residue
	mounts, err := hostview.Mounts(parent)
	if err != nil {
		return nil, err
	}
	for _, m := range mounts {
		if m.Point == parent {
			continue // the folder itself, which may be one in memory
		}
		kind := "mount"
		if m.Type == "nsfs" {
			kind = "namespace"
		}
		held = append(held, glovebox.Residue{Kind: kind, Name: m.Point, Sandbox: r.below(parent, m.Point, c)})
	}
	entries, _ := os.ReadDir(parent)
	for _, e := range entries {
		path := filepath.Join(parent, e.Name())
		held = append(held, glovebox.Residue{Kind: "file", Name: path, Sandbox: r.below(parent, path, c)})
	}
	return held, nil
}

// parents are the folders with an entry for each sandbox.
func (r *Runtime) parents() []string {
	var dirs []string
	for _, dir := range append(r.places(names{"x", "x"}), r.dir("x")) {
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

// below is the sandbox that the first part of path under dir is of, where it can
// be one. Only our own folders are called by the sandbox's id.
func (r *Runtime) below(dir, path string, c claims) string {
	if dir == r.dir() {
		c = nil
	}
	return c.of(first(dir, path))
}

// first is the first part of path under dir, where it can be a name.
func first(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(rel, "/")
	name = strings.TrimPrefix(name, ".")
	if checkID(name) != nil {
		return ""
	}
	return name
}

// ours is a process that belongs to a sandbox.
type ours struct {
	hostview.Process
	id string
}

// processes lists those that are in a sandbox's control group, name its folder
// or bundle in their arguments, or are a stock shim started for it.
func (r *Runtime) processes(c claims) ([]ours, error) {
	all, err := hostview.Processes()
	if err != nil {
		return nil, err
	}
	var found []ours
	parents := r.parents()
	for _, p := range all {
		if id, ok := r.owner(p, c, parents); ok {
			found = append(found, ours{p, id})
		}
	}
	return found, nil
}

func (r *Runtime) owner(p hostview.Process, c claims, parents []string) (string, bool) {
	if p.PID == os.Getpid() {
		return "", false
	}
	for _, group := range p.Cgroups {
		if rest, ok := strings.CutPrefix(group, r.config.cgroupParent()+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			return c.of(name), true
		}
	}
	for i, arg := range p.Args {
		for _, parent := range parents {
			if at := strings.Index(arg, parent+"/"); at >= 0 {
				return r.below(parent, filepath.Clean(arg[at:]), c), true
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
