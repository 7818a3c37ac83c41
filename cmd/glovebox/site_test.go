package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox/api"
	"glovebox/api/apitest"
	"glovebox/client"
	"glovebox/identity"
	"glovebox/identity/identitytest"
	"glovebox/secret"
	"glovebox/store/memory"
	"glovebox/template"
	"glovebox/tenant"
)

// site is an installation with people, over models: at TCP with TLS, and at the
// socket of a data folder, whose callers are root.
type site struct {
	*apitest.Server
	t    *testing.T
	url  string
	ca   string // file
	data string // folder
	ci   *identitytest.Issuer
	ada  *person // admin of tenant acme

	mu  sync.Mutex
	now time.Time
}

func startSite(t *testing.T) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s := &site{t: t, url: "https://localhost:" + port, ca: filepath.Join(t.TempDir(), "ca.pem"), data: t.TempDir(), now: time.Now(),
		ci: identitytest.NewIssuer("https://token.actions.githubusercontent.com")}
	store := memory.New()
	ids, err := identity.Open(t.Context(), identity.Config{
		Records: store, Now: s.clock, PublicURL: s.url, RPID: "localhost", Origins: []string{s.url}, Fetch: s.ci.Fetch,
	})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secret.OpenKeys(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	s.Server = apitest.Start(t, func(c *api.Config) {
		c.Identity, c.PublicURL, c.Records, c.Approvals, c.Allow = ids, s.url, store, ids, ids.Authorize
		c.Tenants, c.Now, c.Audit = tenant.Open(store, s.clock), s.clock, store
		c.Templates = template.Open(store, anyImage{}, s.clock)
		c.Secrets = secret.Open(store, keys, s.clock)
		c.Auth = api.Callers(func(*http.Request) (identity.Caller, error) { return identity.Operator(0), nil }, ids)
	})
	server, l := api.NewPublicServer(s.Handler, crowded(l), &tls.Config{Certificates: []tls.Certificate{s.certificate()}})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // always http.ErrServerClosed
	}()
	t.Cleanup(func() { server.Close(); <-done })
	if err := os.Mkdir(filepath.Join(s.data, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(s.Socket, filepath.Join(s.data, "run", "api.sock")); err != nil {
		t.Fatal(err)
	}
	s.ada = s.admin()
	return s
}

// certificate is one for localhost that signs itself; it is in the file s.ca.
func (s *site) certificate() tls.Certificate {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// person is somebody with a passkey, at a browser.
type person struct {
	*client.Client
	site   *site
	device *identitytest.Device
}

// admin is made as one is: by a link from the host, opened in a browser.
func (s *site) admin() *person {
	s.t.Helper()
	ctx := s.t.Context()
	p := &person{site: s, device: identitytest.NewDevice(s.url, "localhost")}
	text, err := readCA(s.ca)
	if err != nil {
		s.t.Fatal(err)
	}
	roots, err := poolOf(text)
	if err != nil {
		s.t.Fatal(err)
	}
	p.Client = client.New(client.Options{URL: s.url, RootCAs: roots})
	s.t.Cleanup(p.Close)
	link := s.host().ok(s.t, "admin", "link", "--tenant", "acme")
	_, token, found := strings.Cut(strings.TrimSpace(link.stdout), s.url+"/enrol#")
	if !found {
		s.t.Fatalf("%+v", link)
	}
	ch, err := p.BeginEnrol(ctx, client.EnrolRequest{Token: token, Name: "Ada", Passkey: "laptop"})
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := p.device.Register(ch.Options)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := p.FinishEnrol(ctx, ch.ID, response, "a browser"); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// sign has p agree to an operation.
func (p *person) sign(o client.StepUpRequest) *client.Signature {
	p.site.t.Helper()
	up, err := p.BeginStepUp(p.site.t.Context(), o)
	if err != nil {
		p.site.t.Fatal(err)
	}
	response, err := p.device.Assert(up.Options)
	if err != nil {
		p.site.t.Fatal(err)
	}
	return &client.Signature{ID: up.ID, Response: response}
}

// shell is where commands are typed: an environment, and what opens pages.
type shell struct {
	env   map[string]string
	open  func(url string) bool
	pause func() error // nil: a moment
}

// host is a shell at the site's machine.
func (s *site) host() *shell { return &shell{env: map[string]string{"GLOVEBOX_DATA": s.data}} }

// laptop is a shell elsewhere, whose person has logged in nowhere yet.
func (s *site) laptop() *shell {
	return &shell{env: map[string]string{"HOME": s.t.TempDir(), "GLOVEBOX_DATA": ""}}
}

// typed is what became of a command.
type typed struct {
	stdout, stderr string
	code           int
}

// run types a command. Its output goes to files, as a person's redirection does.
func (sh *shell) run(t *testing.T, args ...string) typed {
	t.Helper()
	return sh.runIn(t.Context(), t, args...)
}

func (sh *shell) runIn(ctx context.Context, t *testing.T, args ...string) typed {
	t.Helper()
	dir := t.TempDir()
	file := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	stdin, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	out, errs := file("stdout"), file("stderr")
	for _, f := range []*os.File{stdin, out, errs} {
		defer f.Close()
	}
	a := &app{
		stdin: stdin, stdout: out, stderr: errs, getenv: func(name string) string { return sh.env[name] },
		lookupEnv: func(name string) (string, bool) { v, ok := sh.env[name]; return v, ok },
		open:      func(url string) bool { return sh.open != nil && sh.open(url) },
		pause: func(ctx context.Context, _ time.Duration) error {
			if sh.pause != nil {
				return sh.pause()
			}
			return pause(ctx, 10*time.Millisecond)
		},
	}
	code := a.report(run(ctx, a, args))
	read := func(f *os.File) string {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return typed{read(out), read(errs), code}
}

// ok is run of what must succeed.
func (sh *shell) ok(t *testing.T, args ...string) typed {
	t.Helper()
	got := sh.run(t, args...)
	if got.code != 0 {
		t.Fatalf("glovebox %s: exit %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got
}
