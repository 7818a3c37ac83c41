package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
)

func (w *world) out(cookie string) {
	w.t.Helper()
	w.wantRefused(func() error { _, err := w.s.Authenticate(w.ctx, Presented{Cookie: cookie}); return err })
}

func TestSessionTimes(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	w.clock.pass(browserIdle - time.Second)
	m.caller()
	w.clock.pass(browserIdle - time.Second)
	m.caller()
	w.clock.pass(browserIdle)
	w.out(m.cookie)
	if err := m.login(); err != nil {
		t.Fatal(err)
	}
	for range 12*3 - 1 {
		w.clock.pass(20 * time.Minute)
		m.caller()
	}
	w.clock.pass(20 * time.Minute)
	w.out(m.cookie)
	if _, err := w.s.Authenticate(w.ctx, Presented{}); glovebox.KindOf(err) != glovebox.KindUnauthorized {
		t.Errorf("nothing presented: %v", err)
	}
}

// ends are the ways in which bob's session can end.
var ends = map[string]func(w *world, ada, bob *member) error{
	"ended by itself": func(w *world, _, bob *member) error {
		return w.s.EndSession(w.ctx, bob.caller(), bob.caller().Session.ID)
	},
	"all ended": func(w *world, _, bob *member) error { return w.s.EndAllSessions(w.ctx, bob.caller()) },
	"person disabled": func(w *world, ada, bob *member) error {
		id := bob.caller().Subject
		return w.s.Disable(w.ctx, ada.caller(), id, ada.sign(DisableOperation(id)))
	},
	"passkey removed": func(w *world, _, bob *member) error {
		c := bob.caller()
		id, options, err := w.s.BeginRegister(w.ctx, c, "phone", bob.sign(RegisterOperation("phone")))
		if err != nil {
			return err
		}
		if _, err := w.s.FinishRegister(w.ctx, c, id, newDevice().create(w.t, options)); err != nil {
			return err
		}
		return w.s.RemovePasskey(w.ctx, c, c.Session.Passkey, bob.sign(RemoveOperation(c.Session.Passkey)))
	},
}

func TestSessionEnds(t *testing.T) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ada := w.admin()
			bob := ada.invite("Bob", RoleDeveloper)
			k := newKey(t)
			access := bob.cli(k)
			followed, stop, err := w.s.Follow(w.ctx, bob.caller())
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			adas, stopAda, err := w.s.Follow(w.ctx, ada.caller())
			if err != nil {
				t.Fatal(err)
			}
			defer stopAda()
			if err := end(w, ada, bob); err != nil {
				t.Fatal(err)
			}
			if followed.Err() == nil || glovebox.KindOf(context.Cause(followed)) != glovebox.KindUnauthorized {
				t.Error("the stream goes on")
			}
			if adas.Err() != nil {
				t.Error("somebody else's stream was cut")
			}
			w.out(bob.cookie)
			ada.caller()
			if name == "ended by itself" {
				must(w.s.Authenticate(w.ctx, k.presented(w, "GET", "/", access.Token)))(t)
				return
			}
			w.wantRefused(func() error {
				_, err := w.s.Authenticate(w.ctx, k.presented(w, "GET", "/", access.Token))
				return err
			})
			w.wantRefused(func() error {
				_, err := w.s.Refresh(w.ctx, access.Session.ID, k.presented(w, "POST", "/v1/token", ""))
				return err
			})
		})
	}
}

func TestEnablingRevivesNoSession(t *testing.T) {
	w := newWorld(t)
	ada := w.admin()
	bob := ada.invite("Bob", RoleDeveloper)
	id := bob.caller().Subject
	expectKind(t, w.s.Disable(w.ctx, ada.caller(), id, ada.sign(DisableOperation(id))), "")
	w.wantRefused(bob.login)
	expectKind(t, w.s.Enable(w.ctx, ada.caller(), id, ada.sign(EnableOperation(id))), "")
	w.out(bob.cookie)
	expectKind(t, bob.login(), "")
}

func TestSessionsAreOnesOwn(t *testing.T) {
	w := newWorld(t)
	ada := w.admin()
	bob := ada.invite("Bob", RoleViewer)
	bob.cli(newKey(t))
	all := must(w.s.Sessions(w.ctx, bob.caller()))(t)
	if len(all) != 2 || all[0].Hash != "" {
		t.Errorf("sessions: %+v", all)
	}
	expectKind(t, w.s.EndSession(w.ctx, ada.caller(), all[0].ID), glovebox.KindNotFound)
	expectKind(t, w.s.EndSession(w.ctx, bob.caller(), "ses_x"), glovebox.KindNotFound)
	expectKind(t, w.s.EndSession(w.ctx, bob.caller(), "../\x00"), glovebox.KindNotFound)
}

func TestCountSessions(t *testing.T) {
	w := newWorld(t)
	ada := w.admin()
	bob := ada.invite("Bob", RoleDeveloper)
	bob.cli(newKey(t))
	want := func(n int) {
		t.Helper()
		if got := must(w.s.CountSessions(w.ctx))(t); got != n {
			t.Errorf("%d sessions, want %d", got, n)
		}
	}
	want(3)
	expectKind(t, w.s.Disable(w.ctx, ada.caller(), bob.caller().Subject, ada.sign(DisableOperation(bob.caller().Subject))), "")
	want(1)
	w.clock.pass(browserIdle)
	want(0)
}

func TestLastOnesStay(t *testing.T) {
	w := newWorld(t)
	ada := w.admin()
	c := ada.caller()
	only := c.Session.Passkey
	expectKind(t, w.s.RemovePasskey(w.ctx, c, only, ada.sign(RemoveOperation(only))), glovebox.KindConflict)
	expectKind(t, w.s.SetRole(w.ctx, c, c.Subject, RoleViewer, ada.sign(RoleOperation(c.Subject, RoleViewer))), glovebox.KindConflict)
	expectKind(t, w.s.Disable(w.ctx, c, c.Subject, ada.sign(DisableOperation(c.Subject))), glovebox.KindConflict)
	expectKind(t, w.s.RenamePasskey(w.ctx, c, only, "work laptop"), "")

	id, options, err := w.s.BeginRegister(w.ctx, c, "phone", ada.sign(RegisterOperation("phone")))
	if err != nil {
		t.Fatal(err)
	}
	added := must(w.s.FinishRegister(w.ctx, c, id, newDevice().create(t, options)))(t)
	signed := map[string]*SignedOperation{only: ada.sign(RemoveOperation(only)), added.ID: ada.sign(RemoveOperation(added.ID))}
	bob := ada.invite("Bob", RoleAdmin)
	expectKind(t, w.s.RemovePasskey(w.ctx, bob.caller(), only, nil), glovebox.KindNotFound)
	var won atomic.Int32
	var all sync.WaitGroup
	for id, op := range signed { // both at once
		all.Go(func() {
			switch err := w.s.RemovePasskey(w.ctx, c, id, op); glovebox.KindOf(err) {
			case "":
				won.Add(1)
			case glovebox.KindConflict:
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if p := must(w.s.HostPeople(w.ctx, root))(t); won.Load() != 1 {
		t.Errorf("%d removed: %+v", won.Load(), p)
	}
}

func TestForeignTenant(t *testing.T) {
	w := newWorld(t)
	ada, eve := w.admin(), w.adminOf("other")
	id := ada.caller().Subject
	c := eve.caller()
	_, err := w.s.Person(w.ctx, c, id)
	expectKind(t, err, glovebox.KindNotFound)
	expectKind(t, w.s.Disable(w.ctx, c, id, eve.sign(DisableOperation(id))), glovebox.KindNotFound)
	expectKind(t, w.s.SetRole(w.ctx, c, id, RoleViewer, eve.sign(RoleOperation(id, RoleViewer))), glovebox.KindNotFound)
	if people := must(w.s.People(w.ctx, c))(t); len(people) != 1 {
		t.Errorf("people: %+v", people)
	}
	r := ada.rule(ciRule())
	expectKind(t, w.s.RemoveRule(w.ctx, c, r.ID, nil), glovebox.KindNotFound)
	if rules := must(w.s.Rules(w.ctx, c))(t); len(rules) != 0 {
		t.Errorf("rules: %+v", rules)
	}
	before := w.refusals()
	dev := ada.invite("Dev", RoleDeveloper)
	expectKind(t, w.s.Authorize(w.ctx, dev.caller(), ActionNodeEnrol, "n"), glovebox.KindDenied)
	expectKind(t, w.s.Authorize(w.ctx, dev.caller(), "made.up", "n"), glovebox.KindDenied)
	expectKind(t, w.s.Authorize(w.ctx, Caller{}, ActionJobRead, "n"), glovebox.KindDenied)
	expectKind(t, w.s.Authorize(w.ctx, dev.caller(), ActionJobSubmit, "n"), "")
	if n := w.refusals() - before; n != 3 {
		t.Errorf("%d refusals audited", n)
	}
}

func TestCodeGrant(t *testing.T) {
	w := newWorld(t)
	m, k := w.admin(), newKey(t)
	const redirect = "http://127.0.0.1:4711/done"
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	ask := func() Presented { return k.presented(w, "POST", "/v1/token", "") }
	approve := func() string { return must(w.s.ApproveCode(w.ctx, m.caller(), challenge, redirect, "cli"))(t) }
	for _, bad := range []string{"http://localhost:1/", "https://evil.example/", "http://127.0.0.1/", "http://127.0.0.1.evil.example:1/", "http://a@127.0.0.1:1/"} {
		_, err := w.s.ApproveCode(w.ctx, m.caller(), challenge, bad, "cli")
		expectKind(t, err, glovebox.KindInvalid)
	}
	code := approve()
	redeem := func(code, verifier, redirect string, p Presented) func() error {
		return func() error { _, err := w.s.RedeemCode(w.ctx, code, verifier, redirect, p); return err }
	}
	expectKind(t, redeem(code, verifier, redirect, ask())(), "")
	w.wantRefused(redeem(code, verifier, redirect, ask()))
	for _, try := range []func() error{
		redeem(approve(), strings.Repeat("w", 43), redirect, ask()),
		redeem(approve(), verifier, redirect+"x", ask()),
		redeem(approve(), verifier, redirect, Presented{Method: "POST", Path: "/v1/token"}),
	} {
		expectKind(t, try(), glovebox.KindUnauthorized)
	}
	w.wantRefused(redeem(approve()[:40]+"AAAA", verifier, redirect, ask()))
	code = approve()
	w.clock.pass(grantLife)
	expectKind(t, redeem(code, verifier, redirect, ask())(), glovebox.KindUnauthorized)
}

func TestSiteIsFixed(t *testing.T) {
	w := newWorld(t)
	for _, other := range [][]string{{"other.example", testOrigin}, {testRPID, "https://box.example"}, {testRPID, testOrigin, "https://more.example"}} {
		_, err := w.open(other[0], other[1:]...)
		expectKind(t, err, glovebox.KindConflict)
	}
	must(w.open(testRPID, testOrigin))(t)
	_, err := w.open("", testOrigin)
	expectKind(t, err, glovebox.KindInvalid)
}

func TestDevice(t *testing.T) {
	w := newWorld(t)
	m, k := w.admin(), newKey(t)
	ask := func() Presented { return k.presented(w, "POST", "/v1/token", "") }
	begin := func() (token, code string) {
		d := must(w.s.BeginDevice(w.ctx, ask(), "build-7", "192.0.2.7"))(t)
		return d.Token, d.Code
	}
	poll := func(token string, p Presented) error { _, err := w.s.PollDevice(w.ctx, token, p); return err }
	token, code := begin()
	w.wantRefused(func() error { _, err := w.s.Device(w.ctx, m.caller(), "BBBB-BBBB"); return err })
	expectKind(t, poll(token, ask()), glovebox.KindUnavailable)
	expectKind(t, poll(token, ask()), glovebox.KindTooMany)
	d := must(w.s.Device(w.ctx, m.caller(), strings.ToLower(code)))(t)
	if d.Name != "build-7" || d.From != "192.0.2.7" || d.Hash != "" {
		t.Errorf("request: %+v", d)
	}
	expectKind(t, w.s.ApproveDevice(w.ctx, m.caller(), d, nil), glovebox.KindApproval)
	signed := m.sign(DeviceOperation(d))
	other := d
	other.JKT = "x"
	expectKind(t, w.s.ApproveDevice(w.ctx, m.caller(), other, signed), glovebox.KindDenied)
	w.wantRefused(func() error { return poll(token[:len(token)-4]+"AAAA", ask()) })
	expectKind(t, w.s.ApproveDevice(w.ctx, m.caller(), d, signed), "")
	w.wantRefused(func() error { return poll(token, newKey(t).presented(w, "POST", "/v1/token", "")) })
	access := must(w.s.PollDevice(w.ctx, token, ask()))(t)
	must(w.s.Authenticate(w.ctx, k.presented(w, "GET", "/", access.Token)))(t)
	w.wantRefused(func() error { return poll(token, ask()) })
	token, _ = begin()
	w.clock.pass(deviceLife)
	w.wantRefused(func() error { return poll(token, ask()) })
}

func TestSessionsDoNotBreedLonger(t *testing.T) {
	w := newWorld(t)
	m, k := w.admin(), newKey(t)
	until := m.caller().Session.Until
	for range 20 {
		w.clock.pass(20 * time.Minute)
		m.caller()
	}
	access := m.cli(k)
	c := must(w.s.Authenticate(w.ctx, k.presented(w, "GET", "/", access.Token)))(t)
	next := must(w.s.OpenKeySession(w.ctx, c, access.Session.JKT, "again"))(t)
	if access.Session.Until != until || next.Session.Until != until {
		t.Errorf("until %v, %v, %v", until, access.Session.Until, next.Session.Until)
	}
}
