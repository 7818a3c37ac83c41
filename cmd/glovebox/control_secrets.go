package main

import (
	"context"
	"log/slog"
	"time"

	"glovebox"
	"glovebox/internal/instance"
	"glovebox/secret"
)

// openSecrets opens the secrets of tenants, whose keys are made at the first
// start.
func openSecrets(l instance.Layout, records glovebox.Records) (*secret.Registry, error) {
	keys, err := secret.OpenKeys(l.SecretKeys())
	if err != nil {
		return nil, err
	}
	return secret.Open(records, keys, time.Now), nil
}

// reseal finishes a rotation that was broken off.
func reseal(ctx context.Context, secrets *secret.Registry, log *slog.Logger) {
	n, err := secrets.Reseal(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		log.Warn("some secrets are sealed with an old key, and stay so", "error", err)
	case n > 0:
		log.Info("sealed secrets with the newest key", "count", n)
	}
}
