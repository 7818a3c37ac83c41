package main

import (
	"context"

	"glovebox"
	"glovebox/egress/link"
	"glovebox/internal/instance"
	"glovebox/runtime/containerd"
)

// withLinks is an inventory that lists the links of sandboxes, too. They are
// called by the name that a sandbox was made under.
type withLinks struct {
	glovebox.Inventory
	layout instance.Layout
}

func (w withLinks) Residue(ctx context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	left, partial := w.Inventory.Residue(ctx, live)
	slots, err := link.SlotsIn(w.layout.Network())
	if err != nil {
		return nil, err
	}
	for id, path := range slots {
		r := glovebox.Residue{Kind: "namespace", Name: path, Sandbox: containerd.SandboxOf(w.layout.Sandboxes(), id)}
		if !live[r.Sandbox] {
			left = append(left, r)
		}
	}
	return left, partial
}
