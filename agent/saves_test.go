package agent

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"glovebox"
	"glovebox/internal/nodev1"
)

// saveNode is a parkNode that can save. A snapshot without a digest is not whole.
type saveNode struct {
	*parkNode
	snapshots map[string]glovebox.Snapshot // under mu
	templates map[string]glovebox.Template // by parked id, under mu
}

func (n *saveNode) Park(ctx context.Context, id string, t glovebox.Template) error {
	n.mu.Lock()
	n.templates[id] = t
	_, there := n.snapshots[t.Snapshot]
	n.mu.Unlock()
	if t.Snapshot != "" && !there {
		return glovebox.Errorf(glovebox.KindNotFound, "no snapshot %s", t.Snapshot)
	}
	return n.parkNode.Park(ctx, id, t)
}

func (n *saveNode) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	n.mu.Lock()
	t := n.templates[s.Parked]
	n.mu.Unlock()
	if t.Snapshot != s.Snapshot || t.Snapshot != "" && t.Tenant != s.Tenant {
		return glovebox.Errorf(glovebox.KindInternal, "%s was made of %+v", s.ID, t)
	}
	return n.parkNode.Create(ctx, s)
}

func (n *saveNode) Save(_ context.Context, id, name string, end bool) (glovebox.Snapshot, error) {
	n.mu.Lock()
	n.snapshots[name] = glovebox.Snapshot{Name: name}
	n.mu.Unlock()
	err := n.called("save", id)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		delete(n.snapshots, name)
		return glovebox.Snapshot{}, err
	}
	s := glovebox.Snapshot{Name: name, Bytes: 100, Digest: testDigest}
	n.snapshots[name] = s
	return s, nil
}

func (n *saveNode) Snapshots(context.Context) ([]glovebox.Snapshot, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Collect(maps.Values(n.snapshots)), nil
}

func (n *saveNode) RemoveSnapshot(_ context.Context, name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.snapshots, name)
	return nil
}

func (n *saveNode) has(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.snapshots[name].Digest != ""
}

func (n *saveNode) clean() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.snapshots) == 0
}

func newSaveRig(t *testing.T) (*rig, *saveNode) {
	t.Helper()
	r, node := newPoolRig(t, 1, 1)
	n := &saveNode{parkNode: node, snapshots: map[string]glovebox.Snapshot{}, templates: map[string]glovebox.Template{}}
	r.runtime = n
	r.templates()
	return r, n
}

// save orders these to be made, and no others.
func (r *rig) save(all ...*nodev1.Save) {
	r.control.change(func() {
		r.control.revision++
		r.control.saves = all
	})
}

// told waits for what the node says of a snapshot.
func (r *rig) snapshot(name string) (s *nodev1.Snapshot) {
	r.t.Helper()
	eventually(r.t, "told of "+name, func() bool {
		r.control.mu.Lock()
		defer r.control.mu.Unlock()
		if len(r.control.reqs) == 0 {
			return false
		}
		for _, s = range r.control.reqs[len(r.control.reqs)-1].GetSnapshots() {
			if s.GetName() == name {
				return true
			}
		}
		return false
	})
	return s
}

func saveOf(id string) *nodev1.Save {
	job, attempt, _ := parseID(id)
	return &nodev1.Save{Name: glovebox.NewID(prefixSnapshot), Job: job, Attempt: attempt, Tenant: "local"}
}

// goesOn makes a template that of a snapshot, and an order one of a job of it.
func goesOn(t *nodev1.Template, snapshot string) *nodev1.Template {
	t.Snapshot, t.Tenant, t.SnapshotSize = snapshot, "local", 100
	return t
}

func ofSnapshot(name string) func(*nodev1.Work) {
	return func(w *nodev1.Work) { w.Snapshot, w.Template = name, "kept" }
}

// TestSave: what is ordered is saved once and told, and stays as long as an
// order or a template names it.
func TestSave(t *testing.T) {
	r, node := newSaveRig(t)
	r.start()
	id := r.job(stay)
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	o := saveOf(id)
	r.save(o)
	if s := r.snapshot(o.GetName()); s.GetSize() != 100 || s.GetDigest() != testDigest || s.GetFault() != nil {
		t.Errorf("told %v", s)
	}
	r.templates(goesOn(warmFor("kept", testDigest, ""), o.GetName()))
	r.save()
	r.pools("full", full("kept", glovebox.PoolGeneric))
	r.restart()
	r.pools("full again", full("kept", glovebox.PoolGeneric))
	if node.count("save") != 1 || !node.has(o.GetName()) {
		t.Errorf("saved %d times, there: %t", node.count("save"), node.has(o.GetName()))
	}
	r.templates()
	eventually(t, "removed", node.clean)
	r.pools("gone", full(glovebox.PoolGeneric))
	r.control.stop(id, 0)
	r.exited(id)
	r.finished(id)
}

// TestSaveFails: why nothing was saved is told, it is not tried again, and
// nothing is left.
func TestSaveFails(t *testing.T) {
	r, node := newSaveRig(t)
	node.setFail("save", func(string) error { return glovebox.Errorf(glovebox.KindTooLarge, "no room") })
	r.start()
	id := r.job(stay)
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	fails, foreign, nobody := saveOf(id), saveOf(id), saveOf(glovebox.NewID("job-")+"-1")
	foreign.Tenant = "other"
	r.save(fails, foreign, nobody)
	for o, kind := range map[*nodev1.Save]glovebox.Kind{fails: glovebox.KindTooLarge, foreign: glovebox.KindDenied, nobody: glovebox.KindNotFound} {
		if s := r.snapshot(o.GetName()); s.GetFault().GetKind() != string(kind) {
			t.Errorf("told %v, want %s", s, kind)
		}
	}
	if n := node.count("save"); n != 1 || !node.clean() {
		t.Errorf("tried %d times; left: %v", n, node.snapshots)
	}
	r.save()
	r.control.stop(id, 0)
	r.exited(id)
	r.finished(id)
}

// TestSaveCutShort: what a dead agent has left half made the next one makes anew
// if that is still wanted, and else removes.
func TestSaveCutShort(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		r, node := newSaveRig(t)
		r.start()
		id := r.job(stay)
		r.phase(id, nodev1.Phase_PHASE_RUNNING)
		r.stop()
		o := saveOf(id)
		node.mu.Lock()
		node.snapshots[o.GetName()] = glovebox.Snapshot{Name: o.GetName()}
		node.mu.Unlock()
		if wanted {
			r.save(o)
		}
		r.start()
		if wanted {
			if s := r.snapshot(o.GetName()); s.GetDigest() == "" {
				t.Errorf("told %v", s)
			}
			r.save()
		}
		eventually(t, "removed", node.clean)
		r.control.stop(id, 0)
		r.exited(id)
		r.finished(id)
	}
}

// TestGoesOn: only a job of the tenant that names the snapshot takes what is
// parked with it, one for which there is none has it restored, and one of a
// snapshot that is not there runs nothing.
func TestGoesOn(t *testing.T) {
	r, node := newSaveRig(t)
	name := glovebox.NewID(prefixSnapshot)
	node.snapshots[name] = glovebox.Snapshot{Name: name, Digest: testDigest, Bytes: 100}
	r.templates(goesOn(warmFor("kept", testDigest, ""), name))
	r.start()
	r.pools("full", full("kept", glovebox.PoolGeneric))
	plain := r.job(hello)
	if s := r.exited(plain); s.GetTemplate() != glovebox.PoolGeneric {
		t.Errorf("one that names none: %v", s)
	}
	named := r.job(hello, ofSnapshot(name))
	if s := r.exited(named); s.GetStartedFrom() != glovebox.FromPool || s.GetTemplate() != "kept" {
		t.Errorf("one that names it: %v", s)
	}
	foreign := r.job(hello, ofSnapshot(name), func(w *nodev1.Work) { w.Tenant = "other" })
	absent := r.job(hello, ofSnapshot(glovebox.NewID(prefixSnapshot)))
	for _, id := range []string{foreign, absent} {
		if s := r.exited(id); s.GetExit().GetStarted() || !strings.Contains(s.GetExit().GetFault().GetMessage(), "not on this node") {
			t.Errorf("told %v", s)
		}
	}
	r.pools("full again", full("kept", glovebox.PoolGeneric))
	node.setFail("claim", func(id string) error {
		if node.count("claim") > 3 {
			return nil
		}
		return glovebox.Errorf(glovebox.KindStart, "broken")
	})
	cold := r.job(hello, ofSnapshot(name))
	if s := r.exited(cold); s.GetStartedFrom() != glovebox.FromCold || s.GetExit().GetFault() != nil {
		t.Errorf("one whose parked sandbox is broken: %v", s)
	}
	for _, id := range []string{plain, named, foreign, absent, cold} {
		r.finished(id)
	}
	r.templates()
	eventually(t, "removed", node.clean)
}

// TestRestoredWeighs: what is restored counts for as many as it takes.
func TestRestoredWeighs(t *testing.T) {
	plain, big := &stock{}, &stock{Template: glovebox.Template{Snapshot: "x"}, size: 100 << 20}
	if n := plain.weight(16 << 20); n != 1 {
		t.Errorf("a plain one counts for %d", n)
	}
	if n := big.weight(16 << 20); n != 8 {
		t.Errorf("100 MiB count for %d of 16", n)
	}
}
