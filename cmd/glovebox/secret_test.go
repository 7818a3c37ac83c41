package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glovebox/client"
)

// TestSignedSecrets: an admin who is logged in sets and removes a secret with a
// signature in the browser; what is shown there has no value in it.
func TestSignedSecrets(t *testing.T) {
	s := startSite(t)
	sh := s.loggedIn()
	const value = "canary-5f2a91c3"
	file := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
	signatures := 0
	sh.open = func(page string) bool {
		id := strings.TrimPrefix(page, s.url+"/approve/")
		up, err := s.ada.BeginApproval(t.Context(), id)
		if err != nil {
			t.Error(err)
			return false
		}
		if p := string(up.Operation.Parameters); strings.Contains(p, value) || up.Operation.Resource != "KEY" || up.Operation.Action != "secret.write" {
			t.Errorf("what is signed is %+v", up.Operation)
		}
		response, err := s.ada.device.Assert(up.Options)
		if err != nil {
			t.Error(err)
			return false
		}
		if _, err = s.ada.SignApproval(t.Context(), id, client.Answer{ID: up.ID, Response: response}); err != nil {
			t.Error(err)
		}
		signatures++
		return true
	}
	has(t, sh.ok(t, "secret", "set", "KEY", "--from-file", file, "--domain", "api.example.com"), `^$`,
		`this takes a signature \(secret KEY: a value, for api.example.com alone\); open\n\n  https://localhost:\d+/approve/`)
	has(t, sh.ok(t, "secret", "set", "KEY", "--from-file", file), `^$`, `for api.example.com alone`) // which it keeps
	has(t, sh.ok(t, "secret", "list"), `KEY +2 +api.example.com`, `^$`)
	has(t, sh.ok(t, "secret", "remove", "KEY"), `^$`, `secret KEY: removed`)
	has(t, sh.run(t, "secret", "remove", "KEY"), `^$`, `not_found|no such|there is no`)
	if signatures != 3 {
		t.Errorf("%d signatures", signatures)
	}
}
