package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/api/apitest"
	"glovebox/api/wire"
	"glovebox/identity"
	"glovebox/identity/identitytest"
	"glovebox/store/memory"
	"glovebox/store/sqlite"
)

const (
	siteURL  = "https://box.example:8443"
	siteRPID = "box.example"
	acme     = "acme"
	ciURL    = "https://token.actions.githubusercontent.com"
)

// accountStore is what identity keeps its things in.
type accountStore interface {
	glovebox.Records
	glovebox.Audit
}

// site is an installation, called without a network between.
type site struct {
	t       testing.TB
	store   accountStore
	ids     *identity.Service
	handler http.Handler
	doc     *document
	ci      *identitytest.Issuer
	log     buffer

	mu  sync.Mutex
	now time.Time
}

func newSite(t *testing.T) *site { return newSiteOver(t, memory.New()) }

func newSiteOver(t testing.TB, store accountStore) *site {
	t.Helper()
	s := &site{t: t, store: store, ci: identitytest.NewIssuer(ciURL), now: time.Unix(1_800_000_000, 0).UTC()}
	var err error
	s.ids, err = identity.Open(t.Context(), identity.Config{
		Records: store, Now: s.clock, PublicURL: siteURL, RPID: siteRPID, Origins: []string{siteURL}, Fetch: s.ci.Fetch,
	})
	if err != nil {
		t.Fatal(err)
	}
	plenty := api.Rate{PerSecond: 1e6, Burst: 1e6}
	s.handler = api.NewHandler(api.Config{
		Service: apitest.NewService(), Images: &apitest.Images{}, Auth: s.authenticate, Allow: s.ids.Authorize, Identity: s.ids,
		PublicURL: siteURL, Now: s.clock, Rates: api.Rates{Open: plenty, Failures: plenty, Calls: plenty, Changes: plenty, Refusals: plenty, Operator: plenty},
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	described.Do(func() { described.doc = parseDocument(t, s.do(httptest.NewRequest("GET", "/openapi.json", nil)).body) })
	s.doc = described.doc
	return s
}

// described is the document of the first site; all have the same.
var described struct {
	sync.Once
	doc *document
}

// overStores runs a test with each kind of store.
func overStores(t *testing.T, test func(*site)) {
	t.Run("memory", func(t *testing.T) { test(newSite(t)) })
	t.Run("sqlite", func(t *testing.T) {
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		test(newSiteOver(t, store))
	})
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

// authenticate takes requests with the address of a unix socket for the
// operator's whose user id they name.
func (s *site) authenticate(r *http.Request) (identity.Caller, error) {
	var uid int
	if _, err := fmt.Sscanf(r.RemoteAddr, "@%d", &uid); err == nil {
		return identity.Operator(uid), nil
	}
	return api.Callers(nil, s.ids)(r)
}

func (s *site) do(r *http.Request) answer {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	a := answer{w.Result(), w.Body.Bytes()}
	a.Request = r
	if s.doc != nil {
		s.doc.check(s.t, r, a)
	}
	return a
}

// visitor is somebody, or some program, who calls.
type visitor struct {
	*site
	device *identitytest.Device
	cookie string
	key    *identitytest.Key
	token  string
	uid    string // of an operator
}

func (s *site) stranger() *visitor { return &visitor{site: s} }

func (s *site) operator(uid int) *visitor { return &visitor{site: s, uid: fmt.Sprint(uid)} }

// program is one with a key and nothing else.
func (s *site) program() *visitor { return &visitor{site: s, key: identitytest.NewKey()} }

// request is one as v sends it. body is JSON text, or something to spell so.
func (v *visitor) request(method, path string, body any) *http.Request {
	v.t.Helper()
	var r io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(body)
	default:
		b, err := json.Marshal(body)
		if err != nil {
			v.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req := httptest.NewRequestWithContext(context.Background(), method, path, r)
	req.RemoteAddr = "192.0.2.7:4711"
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if v.uid != "" {
		req.RemoteAddr = "@" + v.uid
	}
	if v.cookie != "" {
		req.AddCookie(&http.Cookie{Name: "__Host-glovebox", Value: v.cookie})
	}
	if v.key != nil {
		req.Header.Set("DPoP", v.key.Proof(v.clock(), method, siteURL+req.URL.EscapedPath(), v.token, nil))
	}
	if v.token != "" {
		req.Header.Set("Authorization", "DPoP "+v.token)
	}
	return req
}

// call sends a request, keeps the cookie that comes back, and returns the
// answer.
func (v *visitor) call(method, path string, body any) answer {
	v.t.Helper()
	a := v.do(v.request(method, path, body))
	for _, c := range a.Cookies() {
		if c.Name == "__Host-glovebox" {
			v.cookie = c.Value
		}
	}
	return a
}

// get sends a request that must be answered with a status, into a value if
// there is one.
func (v *visitor) get(status int, method, path string, body, into any) answer {
	v.t.Helper()
	a := v.call(method, path, body)
	if a.StatusCode != status {
		v.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.StatusCode, status, a.body)
	}
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			v.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return a
}

// fails sends a request that must be answered with a kind of problem.
func (v *visitor) fails(kind glovebox.Kind, field, method, path string, body any) wire.Problem {
	v.t.Helper()
	var p wire.Problem
	v.get(kind.Info().Status, method, path, body, &p)
	if p.Kind != kind || p.Field != field {
		v.t.Errorf("%s %s: %s on %q, want %s on %q: %s", method, path, p.Kind, p.Field, kind, field, p.Detail)
	}
	return p
}

// enrol uses a link with a new device; name is the person's, if the link does
// not say it.
func (s *site) enrol(url, name string) *visitor {
	s.t.Helper()
	v := &visitor{site: s, device: identitytest.NewDevice(siteURL, siteRPID)}
	token, ok := strings.CutPrefix(url, siteURL+"/enrol#")
	if !ok {
		s.t.Fatalf("link %q", url)
	}
	var c wire.Challenge
	body := map[string]any{"token": token, "passkey": "laptop"}
	if name != "" {
		body["name"] = name
	}
	v.get(200, "POST", "/v1/links/begin", body, &c)
	v.get(200, "POST", "/v1/links/finish", wire.LoginRequest{ID: c.ID, Response: v.register(c), Device: "a browser"}, nil)
	return v
}

func (v *visitor) register(c wire.Challenge) json.RawMessage {
	v.t.Helper()
	b, err := v.device.Register(c.Options)
	if err != nil {
		v.t.Fatal(err)
	}
	return b
}

func (v *visitor) assert(options json.RawMessage) json.RawMessage {
	v.t.Helper()
	b, err := v.device.Assert(options)
	if err != nil {
		v.t.Fatal(err)
	}
	return b
}

// admin is the first of a tenant.
func (s *site) admin(tenant string) *visitor {
	s.t.Helper()
	var l wire.HostLink
	s.operator(0).get(201, "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "first_admin", Tenant: tenant}, &l)
	return s.enrol(l.URL, "Ada")
}

// sign has v agree to an operation.
func (v *visitor) sign(action, resource string, parameters any) *wire.Signature {
	v.t.Helper()
	var up wire.StepUp
	body := map[string]any{"action": action}
	if resource != "" {
		body["resource"] = resource
	}
	if parameters != nil {
		body["parameters"] = parameters
	}
	v.get(200, "POST", "/v1/step-up/begin", body, &up)
	if up.Operation.Action != action || up.Operation.Person == "" || up.Operation.Tenant == "" {
		v.t.Errorf("operation: %+v", up.Operation)
	}
	return &wire.Signature{ID: up.ID, Response: v.assert(up.Options)}
}

type pair = map[string]any

// invites has v invite somebody who then enrols.
func (v *visitor) invites(name, role string) *visitor {
	v.t.Helper()
	var made wire.Invited
	v.get(201, "POST", "/v1/invitations", wire.InviteRequest{Name: name, Role: role, Signature: v.sign("person.invite", "", pair{"name": name, "role": role})}, &made)
	return v.enrol(made.URL, "")
}

func (v *visitor) me() wire.Me {
	v.t.Helper()
	var me wire.Me
	v.get(200, "GET", "/v1/me", nil, &me)
	return me
}

// login logs v in anew with its device.
func (v *visitor) login() answer {
	v.t.Helper()
	v.cookie = ""
	var c wire.Challenge
	v.get(200, "POST", "/v1/login/begin", "{}", &c)
	return v.call("POST", "/v1/login/finish", wire.LoginRequest{ID: c.ID, Response: v.assert(c.Options), Device: "a browser"})
}

// events are all audit events but those of the site itself.
func (s *site) events() []glovebox.AuditEvent {
	s.t.Helper()
	var all []glovebox.AuditEvent
	for _, tenant := range []string{"installation", acme, "other", glovebox.LocalTenant} {
		events, err := s.store.AuditEvents(s.t.Context(), glovebox.AuditFilter{Tenant: tenant, Limit: 1000})
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, events...)
	}
	return all
}

// refusals counts the events of refusals.
func (s *site) refusals() int {
	s.t.Helper()
	n := 0
	for _, e := range s.events() {
		if !e.OK {
			n++
		}
	}
	return n
}

// documents are those that a refusal must not change.
func (s *site) documents() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for _, kind := range []string{"id_person", "id_handle", "id_passkey", "id_admins", "id_link", "id_recovery", "id_session", "id_rule", "id_oidc_token", "id_grant"} {
		records, err := s.store.ListRecords(s.t.Context(), kind, "", "", 1000)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range records {
			all[kind+"/"+r.Key] = fmt.Sprint(r.Version) + string(r.Value)
		}
	}
	return all
}

// refuses runs a request that must get the uniform refusal, be audited once,
// set no cookie and change no document (but those of the kinds that may).
func (v *visitor) refuses(name, method, path string, body any, may ...string) {
	v.t.Helper()
	failed := v.t.Failed()
	defer func() { tally.refusal(failed || !v.t.Failed()) }()
	if v.cookie != "" {
		v.get(200, "GET", "/v1/me", nil, nil) // notes that the session is in use
	}
	before, told := v.documents(), v.refusals()
	a := v.do(v.request(method, path, body))
	var p wire.Problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		v.t.Fatalf("%s: %v in %s", name, err, a.body)
	}
	if a.StatusCode != http.StatusUnauthorized || p.Detail != "not authenticated" || p.Hint != "log in again" || p.Field != "" {
		v.t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
	}
	if len(a.Cookies()) > 0 {
		v.t.Errorf("%s: a refusal sets a cookie", name)
	}
	if n := v.refusals() - told; n != 1 {
		v.t.Errorf("%s: audited %d times", name, n)
	}
	after := v.documents()
	for key := range maps.Keys(after) {
		kind, _, _ := strings.Cut(key, "/")
		if before[key] != after[key] && !slices.Contains(may, kind) {
			v.t.Errorf("%s: changed %s", name, key)
		}
		delete(before, key)
	}
	for key := range before {
		v.t.Errorf("%s: gone: %s", name, key)
	}
}

func (s *site) newDevice() *identitytest.Device { return identitytest.NewDevice(siteURL, siteRPID) }
