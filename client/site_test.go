package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
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

// site is an installation with people, at TCP with TLS and at a socket whose
// callers are root.
type site struct {
	*apitest.Server
	t     testing.TB
	url   string
	roots *x509.CertPool
	store *memory.Store
	ci    *identitytest.Issuer
	addr  string
	tls   tls.Certificate
	tcp   *http.Server
	done  chan struct{}

	mu   sync.Mutex
	now  time.Time
	seen []*http.Request // at TCP, without bodies
}

func startSite(t testing.TB) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, store: memory.New(), addr: l.Addr().String(), now: time.Now(),
		ci: identitytest.NewIssuer("https://token.actions.githubusercontent.com")}
	_, port, _ := net.SplitHostPort(s.addr)
	s.url = "https://localhost:" + port
	s.tls, s.roots = certificate(t)
	ids, err := identity.Open(t.Context(), identity.Config{
		Records: s.store, Now: s.clock, PublicURL: s.url, RPID: "localhost", Origins: []string{s.url}, Fetch: s.ci.Fetch,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = apitest.Start(t, func(c *api.Config) {
		c.Identity, c.PublicURL, c.Records, c.Approvals, c.Allow = ids, s.url, s.store, ids, ids.Authorize
		c.Tenants, c.Now, c.Audit = tenant.Open(s.store, s.clock), s.clock, s.store
		c.Pools, c.Templates = onePool{}, template.Open(s.store, oneImage{}, s.clock)
		c.Secrets = secret.Open(s.store, secretKeys(t), s.clock)
		c.Receipts = receiptsOf(t)
		c.Auth = api.Callers(func(*http.Request) (identity.Caller, error) { return identity.Operator(0), nil }, ids)
	})
	s.serve(l)
	t.Cleanup(s.cut)
	return s
}

// certificate is one for localhost that signs itself.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots
}

// serve serves at TCP, by the site's clock.
func (s *site) serve(l net.Listener) {
	s.tcp, s.done = api.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r)
		s.mu.Unlock()
		w.Header().Set("Date", s.clock().UTC().Format(http.TimeFormat))
		s.Handler.ServeHTTP(w, r)
	})), make(chan struct{})
	s.tcp.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.tls}}
	tcp, done := s.tcp, s.done
	go func() {
		defer close(done)
		_ = tcp.ServeTLS(l, "", "") // always http.ErrServerClosed
	}()
}

// cut breaks every connection at TCP off.
func (s *site) cut() {
	s.tcp.Close()
	<-s.done
}

// back listens again after a cut.
func (s *site) back() {
	s.t.Helper()
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.serve(l)
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// asked are the requests so far for a path.
func (s *site) asked(path string) (all []*http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.seen {
		if r.URL.Path == path {
			all = append(all, r)
		}
	}
	return all
}

func (s *site) dial(c client.Credential, change ...func(*client.Options)) *client.Client {
	s.t.Helper()
	o := client.Options{URL: s.url, RootCAs: s.roots, Credential: c, Now: s.clock, Patience: 5 * time.Second}
	for _, f := range change {
		f(&o)
	}
	made := client.New(o)
	s.t.Cleanup(made.Close)
	return made
}

// root is a client at the socket.
func (s *site) root() *client.Client {
	c := client.New(client.Options{Socket: s.Socket})
	s.t.Cleanup(c.Close)
	return c
}

// person is somebody with a passkey, at a browser.
type person struct {
	*client.Client
	site   *site
	device *identitytest.Device
}

// admin is the first of a tenant.
func (s *site) admin(tenant string) *person {
	s.t.Helper()
	l, err := s.root().HostLink(s.t.Context(), client.HostLinkRequest{Purpose: "first_admin", Tenant: tenant})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.enrol(l.URL, "Ada")
}

func (s *site) enrol(url, name string) *person {
	s.t.Helper()
	ctx := s.t.Context()
	p := &person{Client: s.dial(client.Credential{}), site: s, device: identitytest.NewDevice(s.url, "localhost")}
	_, token, _ := strings.Cut(url, "#")
	c, err := p.BeginEnrol(ctx, client.EnrolRequest{Token: token, Name: name, Passkey: "laptop"})
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := p.device.Register(c.Options)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := p.FinishEnrol(ctx, c.ID, response, "a browser"); err != nil {
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
	return &client.Signature{ID: up.ID, Response: p.assert(up.Options)}
}

func (p *person) assert(options json.RawMessage) json.RawMessage {
	p.site.t.Helper()
	b, err := p.device.Assert(options)
	if err != nil {
		p.site.t.Fatal(err)
	}
	return b
}

func newKey(t testing.TB) *client.Key {
	t.Helper()
	k, err := client.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const (
	verifier  = "0123456789012345678901234567890123456789012"
	challenge = "_RpfHqw8pAZIomzVUE7sjRmHSM543WVdC4o-Kc4_3C0" // the SHA-256 of it, as PKCE wants
	redirect  = "http://127.0.0.1:4711/callback"
)

// login opens a session of p with a new key.
func (p *person) login(change ...func(*client.Options)) (*client.Client, client.Token) {
	p.site.t.Helper()
	ctx := p.site.t.Context()
	code, err := p.ApproveCode(ctx, client.CLICodeRequest{Challenge: challenge, RedirectURI: redirect, Name: "my laptop"})
	if err != nil {
		p.site.t.Fatal(err)
	}
	c := p.site.dial(client.Credential{Key: newKey(p.site.t)}, change...)
	token, err := c.RedeemCode(ctx, code, verifier, redirect)
	if err != nil {
		p.site.t.Fatal(err)
	}
	return c, token
}

// refused wants an error of a kind with a hint that has a text.
func refused(t testing.TB, err error, kind glovebox.Kind, hint string) {
	t.Helper()
	e := glovebox.AsError(err)
	if err == nil || e.Kind != kind || !strings.Contains(e.Hint, hint) {
		t.Errorf("%v (%+v): want %s with the hint %q", err, e, kind, hint)
	}
}
