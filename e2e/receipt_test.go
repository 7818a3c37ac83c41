package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glovebox"
	"glovebox/identity"
)

// shownReceipt is what `glovebox receipt verify --json` says.
type shownReceipt struct {
	Predicate struct {
		Job     struct{ ID, Tenant string }
		Asked   struct{ By string }
		Image   struct{ Digest string }
		Runtime struct{ Name, Version, Agent, Kernel, Node string }
		End     struct {
			Outcome  string
			ExitCode *int
		}
		Output struct {
			Streams []struct {
				Name    string
				Bytes   int64
				Damaged bool
			}
		}
		Network struct {
			Decisions []struct {
				Type, Reason string
				Allowed      bool
				Count        int64
			}
		}
		Ledger  []struct{ Kind, Node, State string }
		Residue struct{ Made, Left int }
	}
}

// TestReceipt: a job with a network and a secret has a receipt that is checked
// while the service is down, tells of all there was, and holds neither secret
// nor command; changed by one byte it is refused.
func TestReceipt(t *testing.T) {
	const canary = "canary-5f2a91c3-receipt"
	b := up(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	policy := `{"version":"glovebox/v1","egress":[{"domain":"api.example.com","protocol":"tls"}],"secrets":[{"name":"KEY","file":true}]}`
	if err := os.WriteFile(at("policy.json"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := b.RunIn(strings.NewReader(canary), "secret", "set", "KEY", "--any-domain"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	b.Must("policy", "set", at("policy.json"))
	r := b.Run("run", "--policy", at("policy.json"), "--receipt", at("receipt.json"), "--env", "TOKEN="+canary, "busybox:test", "--",
		"sh", "-c", "cat /run/secrets/KEY; nslookup denied.example >/dev/null; echo "+canary+" >&2; exit 7")
	if r.Code != 7 || r.Stdout != canary || !strings.Contains(r.Stderr, canary) {
		t.Fatalf("%+v", r)
	}
	public, err := os.ReadFile(filepath.Join(b.Data, "receipt.pub"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"receipt.pub": string(public), "stdout": canary, "stderr": r.Stderr} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code := b.Stop(); code != 0 {
		t.Fatalf("stopped with %d", code)
	}

	var s shownReceipt
	parse(t, b.Must("receipt", "verify", at("receipt.json"), "--key", at("receipt.pub"), "--json", "--stream", "stdout="+at("stdout"),
		"--stream", "stderr="+at("stderr")), &s)
	p := s.Predicate
	if p.Job.Tenant != glovebox.LocalTenant || p.Asked.By != "uid:0" || !glovebox.IsDigest(p.Image.Digest) || p.End.Outcome != "COMPLETED" || p.End.ExitCode == nil || *p.End.ExitCode != 7 {
		t.Errorf("%+v", p)
	}
	if p.Runtime.Name != glovebox.RuntimeGVisor || !strings.Contains(p.Runtime.Version, "gvisor.dev/gvisor v") || p.Runtime.Agent == "" || p.Runtime.Kernel == "" {
		t.Errorf("%+v", p.Runtime)
	}
	if len(p.Ledger) != 1 || p.Ledger[0].Kind != "sandbox" || p.Ledger[0].State != "gone" || p.Residue.Made != 1 || p.Residue.Left != 0 {
		t.Errorf("%+v %+v", p.Ledger, p.Residue)
	}
	refused := false
	for _, d := range p.Network.Decisions {
		refused = refused || d.Type == glovebox.NetDNS && !d.Allowed && d.Reason == glovebox.NetNoRule && d.Count > 0
	}
	if !refused || len(p.Output.Streams) != 3 || p.Output.Streams[2].Name != "events" {
		t.Errorf("%+v %+v", p.Network, p.Output)
	}

	text, err := os.ReadFile(at("receipt.json"))
	if err != nil {
		t.Fatal(err)
	}
	var envelope struct{ Payload []byte }
	if err := json.Unmarshal(text, &envelope); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary)), "nslookup", "denied.example"} {
		if bytes.Contains(envelope.Payload, []byte(form)) {
			t.Errorf("%q is in %s", form, envelope.Payload)
		}
	}
	if !bytes.Contains(envelope.Payload, []byte("busybox:test")) {
		t.Errorf("the control is not in %s", envelope.Payload)
	}
	for _, at := range []int{0, len(text) / 2, len(text) - 2} {
		changed := bytes.Clone(text)
		changed[at] ^= 1
		if r := b.RunIn(bytes.NewReader(changed), "receipt", "verify", "-", "--key", filepath.Join(dir, "receipt.pub")); r.Code == 0 || r.Stdout != "" {
			t.Errorf("byte %d changed: %+v", at, r)
		}
	}
}

// receipted checks that the receipt of a signed job names who asked, how they
// had logged in, and what was signed with which passkey.
func (w *person) receipted(job, by string, signed identity.SignedOperation) {
	w.t.Helper()
	var s struct {
		Predicate struct {
			Asked struct {
				By        string
				Proof     struct{ Kind, Session, Passkey, Key string }
				Approvals []struct{ By, Operation, Credential, PublicKey string }
			}
			Runtime struct{ Name string }
		}
	}
	parse(w.t, w.Must("receipt", "verify", job, "--json"), &s)
	asked := s.Predicate.Asked
	if asked.By == "" || asked.Proof.Kind != string(identity.PrincipalPerson) || asked.Proof.Session != string(identity.SessionKey) || asked.Proof.Key == "" {
		w.t.Errorf("%+v", asked)
	}
	operation, err := signed.Operation.Canonical()
	if err != nil {
		w.t.Fatal(err)
	}
	sum := func(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }
	if len(asked.Approvals) != 1 {
		w.t.Fatalf("%+v", asked)
	}
	if a := asked.Approvals[0]; a.By != by || a.Operation != sum(operation) || a.PublicKey != sum(signed.PublicKey) || a.Credential != base64.RawURLEncoding.EncodeToString(signed.CredentialID) {
		w.t.Errorf("%+v, want %+v", a, signed)
	}
	if s.Predicate.Runtime.Name != glovebox.RuntimeRunc {
		w.t.Errorf("%+v", s.Predicate.Runtime)
	}
}
