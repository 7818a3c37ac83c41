package fake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"glovebox"
)

// snapshot is one that was saved: there is nothing of a command to save, so what
// goes on from it runs its own.
type snapshot struct {
	glovebox.Snapshot
	user   string
	limits glovebox.Limits
}

// MaxSnapshots is how many there is room for.
const MaxSnapshots = 32

// Save implements glovebox.Saver.
func (r *Runtime) Save(_ context.Context, id, name string, end bool) (glovebox.Snapshot, error) {
	none := glovebox.Snapshot{}
	b, err := r.find(id)
	if err != nil {
		return none, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !validID.MatchString(name) {
		return none, glovebox.Errorf(glovebox.KindInvalid, "%q cannot be a snapshot's name", name).On("name")
	}
	if b.spec.Runtime != glovebox.RuntimeGVisor {
		return none, glovebox.Errorf(glovebox.KindRuntime, "a sandbox of %s cannot be saved", b.spec.Runtime).On("runtime")
	}
	if s, there := r.snapshots[name]; there {
		if s.Tenant != b.spec.Tenant {
			return none, glovebox.Errorf(glovebox.KindInvalid, "there is another snapshot %s", name).On("name")
		}
		return s.Snapshot, nil
	}
	if !b.runs() {
		return none, glovebox.Errorf(glovebox.KindConflict, "sandbox %s cannot be saved in this state", id).Try("save a job that is running")
	}
	if len(r.snapshots) >= MaxSnapshots {
		return none, glovebox.Errorf(glovebox.KindTooLarge, "the node has %d snapshots already", len(r.snapshots)).On("snapshot")
	}
	sum := sha256.Sum256([]byte(name))
	s := snapshot{user: b.spec.User, limits: b.spec.Limits, Snapshot: glovebox.Snapshot{
		Name: name, Tenant: b.spec.Tenant, Image: b.spec.Image.Digest, Bytes: 1 << 20, Digest: "sha256:" + hex.EncodeToString(sum[:]), Taken: now(),
	}}
	r.snapshots[name] = s
	if end {
		b.signal(9)
	}
	return s.Snapshot, nil
}

// runs says whether the command was started and has not ended.
func (b *sandbox) runs() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.done:
		return false
	default:
		return !b.started.IsZero()
	}
}

// Snapshots implements glovebox.Saver.
func (r *Runtime) Snapshots(context.Context) ([]glovebox.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []glovebox.Snapshot
	for _, s := range r.snapshots {
		all = append(all, s.Snapshot)
	}
	slices.SortFunc(all, func(a, b glovebox.Snapshot) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// RemoveSnapshot implements glovebox.Saver.
func (r *Runtime) RemoveSnapshot(_ context.Context, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.snapshots, name)
	return nil
}

// restorable says whether a template's snapshot can be parked; r.mu is held.
func (r *Runtime) restorable(t glovebox.Template) error {
	s, there := r.snapshots[t.Snapshot]
	switch {
	case t.Snapshot == "":
		return nil
	case !there:
		return glovebox.Errorf(glovebox.KindNotFound, "there is no snapshot %s on this node", t.Snapshot).On("snapshot")
	case t.Tenant == "" || t.Tenant != s.Tenant:
		return glovebox.Errorf(glovebox.KindDenied, "snapshot %s is another tenant's", t.Snapshot).On("snapshot")
	case t.Image.Digest != s.Image:
		return glovebox.Errorf(glovebox.KindInvalid, "snapshot %s is of image %s", t.Snapshot, s.Image).On("image")
	}
	return nil
}

// goesOn refuses a job that a parked sandbox may not become because of whose
// program is in it, or because there is none.
func goesOn(t glovebox.Template, s glovebox.SandboxSpec) error {
	switch {
	case t.Snapshot != s.Snapshot:
		return glovebox.Errorf(glovebox.KindInvalid, "parked sandbox %s goes on from snapshot %q, not %q", s.Parked, t.Snapshot, s.Snapshot).On("parked")
	case t.Snapshot != "" && t.Tenant != s.Tenant:
		return glovebox.Errorf(glovebox.KindDenied, "parked sandbox %s is another tenant's", s.Parked).On("parked")
	}
	return nil
}
