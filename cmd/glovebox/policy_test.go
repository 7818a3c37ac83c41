package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glovebox"
	"glovebox/client"
)

// TestReadEvents: what a job's events are read from is lines of JSON, and
// nothing else is taken for one.
func TestReadEvents(t *testing.T) {
	all, err := readEvents(strings.NewReader("{\"type\":\"open\",\"allowed\":true,\"name\":\"a.example\"}\n{\"type\":\"close\",\"sent\":3}\n"))
	if err != nil || len(all) != 2 || all[0].Type != glovebox.NetOpen || all[1].Sent != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	for _, bad := range []string{"x\n", "{\n", strings.Repeat("x", 100<<10)} {
		if _, err := readEvents(strings.NewReader(bad)); glovebox.KindOf(err) != glovebox.KindInternal {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
}

// TestSignedPolicies: a change of the tenant's policy, and more for a job that is
// there, are signed in the browser and then made.
func TestSignedPolicies(t *testing.T) {
	s := startSite(t)
	sh := s.loggedIn()
	file := filepath.Join(t.TempDir(), "p.yaml")
	const doc = "version: glovebox/v1\negress:\n  - {domain: a.example, protocol: tls}\n"
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
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
	has(t, sh.ok(t, "policy", "set", file), `^the policy of tenant acme has 1 egress rules now`, `this takes a signature \(egress\[0\]: tls to a.example:443\); open`)
	has(t, sh.ok(t, "policy", "check", "--tenant", file), `within the tenant's policy`, `^$`)
	id := strings.TrimSpace(sh.ok(t, "run", "--detach", "busybox").stdout)
	refused := false
	s.Service.Fail(func(method string) error { // the service behind the site takes everything
		if method == "ChangePolicy" && !refused {
			refused = true
			return glovebox.Errorf(glovebox.KindApproval, "more than the job has")
		}
		return nil
	})
	has(t, sh.ok(t, "policy", "apply", id, file), `^revision 1 of the policy of job j`, `this takes a signature`)
	if signatures != 2 || !refused {
		t.Errorf("%d signatures", signatures)
	}
}
