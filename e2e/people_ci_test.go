package e2e

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/e2e/box"
	"glovebox/identity/identitytest"
)

// TestCIWithoutSecrets has jobs of a CI system use the service with nothing but
// the tokens that the system gives them.
func TestCIWithoutSecrets(t *testing.T) {
	ci := startCI(t)
	p := startPeople(t, []string{"SSL_CERT_FILE=" + ci.ca})
	ada := p.join(p.at.FirstAdmin(), "Ada")
	ada.Must("image", "import", archives.busybox)
	rule := ada.trusts(ci, p.at.URL)

	job := ci.job(p, rule, ci.issuer.Token(time.Now(), p.at.URL, nil))
	r := job.RunIn(strings.NewReader("in"), "run", "busybox:test", "--", "sh", "-c", "cat; echo err >&2; exit 3")
	if r.Stdout != "in" || r.Stderr != "err\n" || r.Code != 3 {
		t.Errorf("run: %+v", r)
	}
	// A token is good once, and for what the rule allows.
	refused(t, job.Run("run", "busybox:test", "--", "true"), glovebox.KindUnauthorized)
	more := func() *box.CLI { return ci.job(p, rule, ci.issuer.Token(time.Now(), p.at.URL, nil)) }
	refused(t, more().Run("image", "rm", "busybox:test"), glovebox.KindDenied)

	var said []string
	for _, token := range []string{
		ci.issuer.Token(time.Now(), p.at.URL, map[string]any{"repository_id": "7777", "repository": "mallory/app", "sub": "repo:mallory/app:ref:refs/heads/main"}),
		identitytest.NewIssuer(ci.issuer.URL).Token(time.Now(), p.at.URL, nil),
		ci.issuer.Token(time.Now(), "https://elsewhere.test", nil),
	} {
		r := ci.job(p, rule, token).Run("run", "busybox:test", "--", "true")
		refused(t, r, glovebox.KindUnauthorized)
		said = append(said, r.Stdout+r.Stderr)
	}
	if said[0] != said[1] || said[1] != said[2] {
		t.Errorf("the refusals tell causes apart: %q", said)
	}
	ci.wroteNothing()
	ada.readsOf(rule, "token's claim repository_id differs", "token: key unknown", "token for another audience", "token used before")
	p.box.NoResidue()
}

// ciSystem is one that gives its jobs tokens, at an address of its own.
type ciSystem struct {
	t      *testing.T
	issuer *identitytest.Issuer
	ca     string // file of its authority
	home   string // of its jobs
}

func startCI(t *testing.T) *ciSystem {
	ci := &ciSystem{t: t, home: t.TempDir(), ca: filepath.Join(t.TempDir(), "ca.pem")}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": ci.issuer.URL, "jwks_uri": ci.issuer.URL + "/keys"})
		case "/keys":
			keys, _ := ci.issuer.Fetch(r.Context(), ci.issuer.URL)
			_, _ = w.Write(keys)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	ci.issuer = identitytest.NewIssuer(server.URL)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ci.ca, text, 0o644); err != nil {
		t.Fatal(err)
	}
	// Control, which asks for the keys, is another user than we are.
	for dir := filepath.Dir(ci.ca); dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return ci
}

// job is the command line in one of its jobs.
func (ci *ciSystem) job(p *people, rule, token string) *box.CLI {
	return p.box.As(filepath.Join(ci.home, "contexts.json"),
		"GLOVEBOX_URL="+p.at.URL, "GLOVEBOX_CA="+p.at.CA, "GLOVEBOX_RULE="+rule, "GLOVEBOX_OIDC_TOKEN="+token)
}

func (ci *ciSystem) wroteNothing() {
	ci.t.Helper()
	if left, err := os.ReadDir(ci.home); err != nil || len(left) != 0 {
		ci.t.Errorf("the jobs left %v, %v", left, err)
	}
}

// trusts signs a rule that lets the system's jobs in, and returns its id.
func (w *person) trusts(ci *ciSystem, audience string) string {
	w.t.Helper()
	rule := map[string]any{
		"name": "acme/app on main", "issuer": ci.issuer.URL, "audience": audience, "claims": ci.issuer.Claims(),
		"actions": []string{"job.submit", "job.read"}, "seconds": 900,
	}
	if status, kind := w.ask(http.MethodPost, "/v1/rules", "", rule, nil); kind != glovebox.KindApproval {
		w.t.Errorf("a rule without a signature: %d %s", status, kind)
	}
	var made struct{ ID string }
	if status, kind := w.ask(http.MethodPost, "/v1/rules", "", w.signed("rule.write", rule), &made); status != http.StatusCreated {
		w.t.Fatalf("a signed rule: %d %s", status, kind)
	}
	return made.ID
}

// readsOf checks that the audit log tells why nobody was let in by a rule.
func (w *person) readsOf(rule string, causes ...string) {
	w.t.Helper()
	var read []string
	for line := range strings.Lines(w.Must("audit", "--json", "--action", "workload.exchange")) {
		var e glovebox.AuditEvent
		if parse(w.t, line, &e); !e.OK && e.Target == rule {
			read = append(read, e.Detail["cause"])
		}
	}
	if got, want := strings.Join(read, "\n"), strings.Join(causes, "\n"); len(read) != len(causes) {
		w.t.Errorf("audited:\n%s\nwant, in any order:\n%s", got, want)
	}
	for _, cause := range causes {
		if !strings.Contains(strings.Join(read, "\n"), cause) {
			w.t.Errorf("no event says %q", cause)
		}
	}
}
