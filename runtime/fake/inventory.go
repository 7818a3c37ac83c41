package fake

import (
	"cmp"
	"context"
	"slices"

	"glovebox"
)

// List implements glovebox.Inventory.
func (r *Runtime) List(context.Context) ([]glovebox.Found, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []glovebox.Found
	for id, b := range r.sandboxes {
		b.mu.Lock()
		found = append(found, glovebox.Found{ID: id, Started: !b.started.IsZero()})
		b.mu.Unlock()
	}
	for id := range r.parked {
		found = append(found, glovebox.Found{ID: id})
	}
	for _, x := range r.planted {
		if x.Sandbox != "" && r.sandboxes[x.Sandbox] == nil {
			found = append(found, glovebox.Found{ID: x.Sandbox, Started: true})
		}
	}
	byID := func(a, b glovebox.Found) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(found, byID)
	return slices.CompactFunc(found, func(a, b glovebox.Found) bool { return a.ID == b.ID }), nil
}

// Residue implements glovebox.Inventory.
func (r *Runtime) Residue(_ context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []glovebox.Residue
	for id := range r.sandboxes {
		left = append(left, glovebox.Residue{Kind: "process", Name: id, Sandbox: id})
	}
	for id := range r.parked {
		left = append(left, glovebox.Residue{Kind: "process", Name: id, Sandbox: id})
	}
	for name := range r.snapshots {
		left = append(left, glovebox.Residue{Kind: "file", Name: name, Sandbox: name})
	}
	left = append(left, r.planted...)
	return slices.DeleteFunc(left, func(x glovebox.Residue) bool { return live[x.Sandbox] }), nil
}
