package containerd

import (
	"context"

	"glovebox"
)

// Points of a claim at which a process may die.
var ClaimSteps = map[string]func(context.Context, *Runtime, glovebox.SandboxSpec) error{
	"after the folder is turned over": func(ctx context.Context, r *Runtime, s glovebox.SandboxSpec) error {
		return r.takeOver(ctx, s)
	},
	"after the record": func(ctx context.Context, r *Runtime, s glovebox.SandboxSpec) error {
		if err := r.takeOver(ctx, s); err != nil {
			return err
		}
		return r.newRecord(s, s.Parked)
	},
	"after the claim": func(ctx context.Context, r *Runtime, s glovebox.SandboxSpec) error {
		if err := r.takeOver(ctx, s); err != nil {
			return err
		}
		if err := r.newRecord(s, s.Parked); err != nil {
			return err
		}
		l, err := r.shim(ctx)
		if err != nil {
			return err
		}
		return r.bind(ctx, l, s)
	},
}
