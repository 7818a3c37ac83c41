package client_test

import (
	"path/filepath"
	"testing"

	"glovebox"
	"glovebox/client"
	"glovebox/secret"
)

func secretKeys(t testing.TB) *secret.Keys {
	t.Helper()
	k, err := secret.OpenKeys(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSecrets: root sets one, replaces it by its version alone, and removes it.
func TestSecrets(t *testing.T) {
	c, ctx := startSite(t).root(), t.Context()
	made, err := c.PutSecret(ctx, "API_KEY", client.SecretRequest{Value: []byte("x\xff"), Domains: []string{"API.example.com"}}, "")
	if err != nil || made.Version != 1 || made.Name != "API_KEY" || len(made.Domains) != 1 || made.Domains[0] != "api.example.com" {
		t.Fatalf("%+v, %v", made, err)
	}
	_, err = c.PutSecret(ctx, "API_KEY", client.SecretRequest{Value: []byte("y")}, "")
	if glovebox.KindOf(err) != glovebox.KindStale {
		t.Errorf("made again: %v", err)
	}
	_, version, err := c.Secret(ctx, "API_KEY")
	if err != nil || version == "" {
		t.Fatalf("%q, %v", version, err)
	}
	if next, err := c.PutSecret(ctx, "API_KEY", client.SecretRequest{Value: []byte("y")}, version); err != nil || next.Version != 2 || len(next.Domains) != 0 {
		t.Errorf("%+v, %v", next, err)
	}
	if _, err := c.PutSecret(ctx, "API_KEY", client.SecretRequest{Value: []byte("z")}, version); glovebox.KindOf(err) != glovebox.KindStale {
		t.Errorf("from an old version: %v", err)
	}
	if r, err := c.RotateSecrets(ctx); err != nil || r.Resealed != 1 || r.Key == "" {
		t.Errorf("%+v, %v", r, err)
	}
	if all, err := c.Secrets(ctx); err != nil || len(all) != 1 || all[0].Version != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	if err := c.RemoveSecret(ctx, "API_KEY", nil); err != nil {
		t.Error(err)
	}
	if _, _, err := c.Secret(ctx, "API_KEY"); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Error(err)
	}
}
