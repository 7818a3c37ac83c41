package identity

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/identity/identitytest"
	"glovebox/store/memory"
)

const (
	testURL    = "https://box.example:8443"
	testRPID   = "box.example"
	testOrigin = "https://box.example:8443"
	testTenant = "acme"
)

var root = glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: "uid:0", Tenant: glovebox.LocalTenant}

// clock is a time that stands still until it is moved.
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

// world is an installation with its store.
type world struct {
	t     *testing.T
	ctx   context.Context
	s     *Service
	store *memory.Store
	clock *clock
	idp   *issuer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), store: memory.New(), clock: &clock{at: time.Unix(1_800_000_000, 0).UTC()}, idp: newIssuer(t)}
	w.s = must(w.open(testRPID, testOrigin))(t)
	return w
}

func (w *world) open(rpID string, origins ...string) (*Service, error) {
	return Open(w.ctx, Config{Records: w.store, Now: w.clock.now, PublicURL: testURL, RPID: rpID, Origins: origins, Fetch: w.idp.fetch})
}

// must fails the test of an error: must(f())(t).
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// device is somebody's authenticator, and what it does wrong if asked to.
type device struct{ identitytest.Device }

func newDevice() *device { return &device{*identitytest.NewDevice(testOrigin, testRPID)} }

func asJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// create answers a registration challenge.
func (d *device) create(t *testing.T, options any) []byte {
	t.Helper()
	return must(d.Register([]byte(asJSON(options))))(t)
}

// get answers a login or step-up challenge, with a sign count one higher.
func (d *device) get(t *testing.T, options any) []byte {
	t.Helper()
	return must(d.Assert([]byte(asJSON(options))))(t)
}

// member is a person with a device and a browser session.
type member struct {
	w      *world
	device *device
	cookie string
}

func (m *member) caller() Caller {
	m.w.t.Helper()
	return must(m.w.s.Authenticate(m.w.ctx, Presented{Cookie: m.cookie}))(m.w.t)
}

// enrol uses a link with a new device.
func (w *world) enrol(token, name string) *member {
	w.t.Helper()
	m := &member{w: w, device: newDevice()}
	id, options, err := w.s.BeginEnrol(w.ctx, token, name, "laptop")
	if err != nil {
		w.t.Fatal(err)
	}
	_, m.cookie, err = w.s.FinishEnrol(w.ctx, id, m.device.create(w.t, options), "test browser")
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) admin() *member {
	w.t.Helper()
	return w.adminOf(testTenant)
}

func (w *world) adminOf(tenant string) *member {
	w.t.Helper()
	_, token, err := w.s.FirstAdmin(w.ctx, root, tenant)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.enrol(token, "Ada")
}

// sign has m agree to an operation.
func (m *member) sign(o Operation) *SignedOperation {
	m.w.t.Helper()
	c := m.caller()
	id, options, err := m.w.s.BeginStepUp(m.w.ctx, c, o)
	if err != nil {
		m.w.t.Fatal(err)
	}
	return must(m.w.s.FinishStepUp(m.w.ctx, c, id, o, m.device.get(m.w.t, options)))(m.w.t)
}

// invite has m invite somebody who then enrols.
func (m *member) invite(name string, role Role) *member {
	m.w.t.Helper()
	_, token, err := m.w.s.Invite(m.w.ctx, m.caller(), name, role, m.sign(InviteOperation(name, role)))
	if err != nil {
		m.w.t.Fatal(err)
	}
	return m.w.enrol(token, "")
}

// login logs m in again with its device.
func (m *member) login() error {
	id, options, err := m.w.s.BeginLogin(m.w.ctx)
	if err != nil {
		return err
	}
	_, cookie, err := m.w.s.FinishLogin(m.w.ctx, id, m.device.get(m.w.t, options), "test browser")
	if err == nil {
		m.cookie = cookie
	}
	return err
}
