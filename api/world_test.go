package api_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/identity"
	"glovebox/identity/identitytest"
	"glovebox/store/memory"
	"glovebox/template"
	"glovebox/tenant"
)

// parts gives a configuration everything that has routes, over one store.
func parts(t testing.TB, c *api.Config, publicURL string, records glovebox.Records, now func() time.Time) {
	t.Helper()
	ids, err := identity.Open(t.Context(), identity.Config{
		Records: records, Now: now, PublicURL: publicURL, RPID: "localhost", Origins: []string{publicURL},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Identity, c.PublicURL, c.Records, c.Approvals, c.Allow = ids, publicURL, records, ids, ids.Authorize
	c.Tenants, c.Now, c.Pools, c.Templates = tenant.Open(records, now), now, somePools{}, template.Open(records, anyImage{}, now)
	c.Receipts = receiptsOf(t)
	if a, ok := records.(glovebox.Audit); ok {
		c.Audit = a
	}
}

// clock moves when it is told to.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is an API with people, at a unix socket and at TCP with TLS, where
// both listeners share one handler.
type world struct {
	*tester
	store  *countingStore
	ids    *identity.Service
	clock  *clock
	url    string
	tls    *http.Client // answers of HTTP/2, and no cookies
	server *httptest.Server

	certificate *tls.Config // of server
}

// countingStore tells how many commits there were, and fails if asked to.
type countingStore struct {
	*memory.Store
	mu      sync.Mutex
	commits int
	events  int
	out     int // so many reads are not answered
}

// Record implements glovebox.Records.
func (s *countingStore) Record(ctx context.Context, kind, key string) (glovebox.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out > 0 {
		s.out--
		return glovebox.Record{}, glovebox.Errorf(glovebox.KindUnavailable, "the store is away")
	}
	return s.Store.Record(ctx, kind, key)
}

// outage lets so many reads fail; left says how many of them are to come.
func (s *countingStore) outage(reads int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = reads
}

func (s *countingStore) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out
}

// Commit implements glovebox.Records.
func (s *countingStore) Commit(ctx context.Context, writes []glovebox.Write, events ...glovebox.AuditEvent) error {
	s.mu.Lock()
	s.commits++
	s.events += len(events)
	s.mu.Unlock()
	return s.Store.Commit(ctx, writes, events...)
}

func (s *countingStore) counts() (commits, events int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commits, s.events
}

func newWorld(t testing.TB, change ...func(*api.Config)) *world {
	t.Helper()
	store := &countingStore{Store: memory.New()}
	w := newWorldOver(t, store, change...)
	w.store = store
	return w
}

func newWorldOver(t testing.TB, store glovebox.Store, change ...func(*api.Config)) *world {
	t.Helper()
	w := &world{clock: &clock{at: time.Now()}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	w.url = "https://localhost:" + port
	w.tester = start(t, func(c *api.Config) {
		parts(t, c, w.url, store, w.clock.now)
		w.ids, c.Auth = c.Identity, api.Callers(api.PeerUsers(os.Getuid()), c.Identity)
		for _, f := range change {
			f(c)
		}
	})
	w.server = httptest.NewUnstartedServer(nil)
	w.server.Listener.Close()
	w.server.Listener = listener
	donor := httptest.NewUnstartedServer(nil) // of a certificate, and a client that trusts it
	donor.EnableHTTP2 = true
	donor.StartTLS()
	defer donor.Close()
	w.tls = donor.Client()
	w.certificate = &tls.Config{Certificates: donor.TLS.Certificates}
	w.server.Config, w.server.Listener = api.NewPublicServer(w.Handler, listener, w.certificate)
	w.server.Start()
	t.Cleanup(w.server.Close)
	w.tls.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, listener.Addr().String())
	}
	w.tls.Transport.(*http.Transport).TLSClientConfig.ServerName = "example.com" // of the test's certificate
	t.Cleanup(w.tls.CloseIdleConnections)
	return w
}

// person is somebody with a passkey, a browser session and a key.
type person struct {
	w      *world
	device *identitytest.Device
	cookie string
	key    *identitytest.Key
	access identity.AccessToken
}

// admin makes a tenant's first admin.
func (w *world) admin(tenant string) *person {
	w.t.Helper()
	_, token, err := w.ids.FirstAdmin(w.t.Context(), identity.Operator(0).Principal, tenant)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.enrol(token, "Ada")
}

// enrol uses a link with a new passkey, and opens a session with a new key.
func (w *world) enrol(token, name string) *person {
	w.t.Helper()
	p := &person{w: w, device: identitytest.NewDevice(w.url, "localhost"), key: identitytest.NewKey()}
	id, options, err := w.ids.BeginEnrol(w.t.Context(), token, name, "laptop")
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := p.device.Register([]byte(text(w.t, options)))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, p.cookie, err = w.ids.FinishEnrol(w.t.Context(), id, response, "browser"); err != nil {
		w.t.Fatal(err)
	}
	jkt, err := w.ids.ProvenKey(w.t.Context(), identity.Presented{Method: "POST", Path: "/v1/token", DPoP: []string{p.proof("POST", w.url+"/v1/token", "")}})
	if err != nil {
		w.t.Fatal(err)
	}
	if p.access, err = w.ids.OpenKeySession(w.t.Context(), p.caller(), jkt, "cli"); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// invite has p invite somebody, who enrols.
func (p *person) invite(name string, role identity.Role) *person {
	p.w.t.Helper()
	_, token, err := p.w.ids.Invite(p.w.t.Context(), p.caller(), name, role, p.sign(identity.InviteOperation(name, role)))
	if err != nil {
		p.w.t.Fatal(err)
	}
	return p.w.enrol(token, "")
}

// sign has p agree to an operation.
func (p *person) sign(o identity.Operation) *identity.SignedOperation {
	p.w.t.Helper()
	id, options, err := p.w.ids.BeginStepUp(p.w.t.Context(), p.caller(), o)
	if err != nil {
		p.w.t.Fatal(err)
	}
	response, err := p.device.Assert([]byte(text(p.w.t, options)))
	if err != nil {
		p.w.t.Fatal(err)
	}
	signed, err := p.w.ids.FinishStepUp(p.w.t.Context(), p.caller(), id, o, response)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return signed
}

func (p *person) caller() identity.Caller {
	p.w.t.Helper()
	c, err := p.w.ids.Authenticate(p.w.t.Context(), identity.Presented{Cookie: p.cookie})
	if err != nil {
		p.w.t.Fatal(err)
	}
	return c
}

// proof makes a DPoP proof for one request.
func (p *person) proof(method, url, token string) string {
	return p.key.Proof(p.w.clock.now(), method, url, token, nil)
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// request makes a request over TLS that nobody has signed yet.
func (w *world) request(method, path, body string, headers ...string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// prove adds p's access token and a proof to a request.
func (p *person) prove(r *http.Request) *http.Request {
	r.Header.Set("Authorization", "DPoP "+p.access.Token)
	r.Header.Set("DPoP", p.proof(r.Method, p.w.url+r.URL.EscapedPath(), p.access.Token))
	return r
}

// browse adds p's cookie to a request, as a page of ours would make it.
func (p *person) browse(r *http.Request) *http.Request {
	r.AddCookie(&http.Cookie{Name: "__Host-glovebox", Value: p.cookie})
	r.Header.Set("Origin", p.w.url)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// over sends a request over TLS and holds the answer against the document.
func (w *world) over(r *http.Request) answer {
	w.t.Helper()
	client := w.http
	w.http = w.tls
	defer func() { w.http = client }()
	return w.send(r)
}

// do sends a request of p's over TLS.
func (p *person) do(method, path, body string, headers ...string) answer {
	p.w.t.Helper()
	return p.w.over(p.prove(p.w.request(method, path, body, headers...)))
}
