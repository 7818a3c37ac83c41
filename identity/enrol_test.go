package identity

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
)

func TestFirstAdmin(t *testing.T) {
	w := newWorld(t)
	expectKind(t, second(w.s.FirstAdmin(w.ctx, glovebox.Principal{Kind: PrincipalPerson, Name: "person:x"}, testTenant)), glovebox.KindDenied)
	expectKind(t, second(w.s.FirstAdmin(w.ctx, root, installation)), glovebox.KindInvalid)
	link, token, err := w.s.FirstAdmin(w.ctx, root, testTenant)
	if err != nil || link.Hash != "" || len(token) < 22 {
		t.Fatal(link, token, err)
	}
	for name, wrong := range map[string]string{
		"nothing": "", "id alone": link.ID, "other secret": link.ID + "." + strings.Repeat("A", 43),
		"other id": "lnk_x." + token[len(link.ID)+1:], "odd": "lnk/\x00." + strings.Repeat("A", 43), "huge": strings.Repeat("x.", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.wantRefused(func() error { return second(w.s.BeginEnrol(w.ctx, wrong, "Ada", "laptop")) })
		})
	}
	w.t = t

	// Two links and many attempts at once: one admin.
	_, token2, err := w.s.FirstAdmin(w.ctx, root, testTenant)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string][]byte{}
	for i := range 8 {
		id, options, err := w.s.BeginEnrol(w.ctx, []string{token, token2}[i%2], "Ada", "laptop")
		if err != nil {
			t.Fatal(err)
		}
		answers[id] = newDevice().create(t, options)
	}
	var won atomic.Int32
	var all sync.WaitGroup
	for id, answer := range answers {
		all.Go(func() {
			if _, _, err := w.s.FinishEnrol(w.ctx, id, answer, ""); err == nil {
				won.Add(1)
			} else if glovebox.KindOf(err) != glovebox.KindUnauthorized {
				t.Error(err)
			}
		})
	}
	all.Wait()
	people := must(w.s.HostPeople(w.ctx, root))(t)
	if won.Load() != 1 || len(people) != 1 || people[0].Role != RoleAdmin || len(people[0].Handle) != 64 {
		t.Errorf("%d admins: %+v", won.Load(), people)
	}
	w.wantRefused(func() error { return second(w.s.BeginEnrol(w.ctx, token, "Eve", "laptop")) })
	w.wantRefused(func() error { return second(w.s.BeginEnrol(w.ctx, token2, "Eve", "laptop")) })
	expectKind(t, second(w.s.FirstAdmin(w.ctx, root, testTenant)), glovebox.KindConflict)
}

func TestFirstAdminExpires(t *testing.T) {
	w := newWorld(t)
	_, token, err := w.s.FirstAdmin(w.ctx, root, testTenant)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.pass(firstAdminLife - time.Second)
	if err := second(w.s.BeginEnrol(w.ctx, token, "Ada", "laptop")); err != nil {
		t.Fatal(err)
	}
	id, options, err := w.s.BeginEnrol(w.ctx, token, "Ada", "laptop")
	if err != nil {
		t.Fatal(err)
	}
	w.clock.pass(time.Second)
	w.wantRefused(func() error { return second(w.s.BeginEnrol(w.ctx, token, "Ada", "laptop")) })
	w.wantRefused(func() error { return second(w.s.FinishEnrol(w.ctx, id, newDevice().create(t, options), "")) })
}

func TestInvitations(t *testing.T) {
	w := newWorld(t)
	ada := w.admin()
	dev := ada.invite("Dev", RoleDeveloper)
	if err := second(w.s.Invite(w.ctx, dev.caller(), "Eve", RoleAdmin, dev.sign(InviteOperation("Eve", RoleAdmin)))); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Errorf("invited above the own role: %v", err)
	}
	viewer := dev.invite("Vi", RoleViewer)
	if err := second(w.s.BeginStepUp(w.ctx, viewer.caller(), InviteOperation("Eve", RoleViewer))); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Errorf("a viewer invites: %v", err)
	}
	expectKind(t, second(w.s.Invite(w.ctx, ada.caller(), "Eve", RoleViewer, nil)), glovebox.KindApproval)
	expectKind(t, second(w.s.Invite(w.ctx, ada.caller(), "Eve", "root", nil)), glovebox.KindInvalid)
	expectKind(t, second(w.s.Invite(w.ctx, ada.caller(), "E\x00", RoleViewer, nil)), glovebox.KindInvalid)

	invite := func(by *member) (Link, string) {
		l, token, err := w.s.Invite(w.ctx, by.caller(), "Bob", RoleDeveloper, by.sign(InviteOperation("Bob", RoleDeveloper)))
		if err != nil {
			t.Fatal(err)
		}
		return l, token
	}
	revoked, token := invite(dev)
	other := w.adminOf("other")
	expectKind(t, w.s.Revoke(w.ctx, other.caller(), revoked.ID), glovebox.KindNotFound)
	expectKind(t, w.s.Revoke(w.ctx, viewer.caller(), revoked.ID), glovebox.KindDenied)
	if open := must(w.s.Invitations(w.ctx, ada.caller()))(t); len(open) != 1 || open[0].Hash != "" {
		t.Errorf("open invitations: %+v", open)
	}
	if open := must(w.s.Invitations(w.ctx, other.caller()))(t); len(open) != 0 {
		t.Errorf("foreign invitations: %+v", open)
	}
	expectKind(t, w.s.Revoke(w.ctx, ada.caller(), revoked.ID), "")
	expectKind(t, w.s.Revoke(w.ctx, ada.caller(), revoked.ID), glovebox.KindNotFound)
	w.wantRefused(func() error { return second(w.s.BeginEnrol(w.ctx, token, "", "laptop")) })

	_, token = invite(dev)
	w.enrol(token, "")
	w.wantRefused(func() error { return second(w.s.BeginEnrol(w.ctx, token, "", "laptop")) })

	_, token = invite(dev)
	id := dev.caller().Subject
	expectKind(t, w.s.SetRole(w.ctx, ada.caller(), id, RoleViewer, ada.sign(RoleOperation(id, RoleViewer))), "")
	w.wantRefused(func() error { return second(w.s.BeginEnrol(w.ctx, token, "", "laptop")) })

	_, token = invite(ada)
	if l := must(w.s.LinkInfo(w.ctx, token))(t); l.Name != "Bob" || l.Role != RoleDeveloper || l.Hash != "" {
		t.Errorf("link: %+v", l)
	}
	w.clock.pass(inviteLife)
	w.wantRefused(func() error { _, err := w.s.LinkInfo(w.ctx, token); return err })
}

func TestRecoveryCodes(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	codes := must(w.s.MakeCodes(w.ctx, m.caller(), m.sign(CodesOperation())))(t)
	older := codes[0]
	codes = must(w.s.MakeCodes(w.ctx, m.caller(), m.sign(CodesOperation())))(t)
	if len(codes) != recoveryCodes || len(codes[0]) != 19 {
		t.Fatalf("codes: %q", codes)
	}
	for name, wrong := range map[string]string{"older": older, "none": "", "made up": "0000-0000-0000-0000", "huge": strings.Repeat("0", 1<<20)} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.wantRefused(func() error { return second(w.s.UseCode(w.ctx, wrong, "")) })
		})
	}
	w.t = t
	_, cookie, err := w.s.UseCode(w.ctx, " "+strings.ToUpper(codes[0])+" ", "phone")
	if err != nil {
		t.Fatal(err)
	}
	w.wantRefused(func() error { return second(w.s.UseCode(w.ctx, codes[0], "")) })
	r := &member{w: w, device: newDevice(), cookie: cookie}
	c := r.caller()
	for _, a := range Actions() {
		if c.Allowed(a) != (a == ActionPasskeyAdd || a == ActionSessionLeave) {
			t.Errorf("a recovery session and %s", a)
		}
	}
	expectKind(t, second(w.s.BeginStepUp(w.ctx, c, RegisterOperation("x"))), glovebox.KindDenied)
	_, err = w.s.OpenKeySession(w.ctx, c, strings.Repeat("x", 43), "")
	expectKind(t, err, glovebox.KindDenied)
	id, options, err := w.s.BeginRegister(w.ctx, c, "new phone", nil)
	if err != nil {
		t.Fatal(err)
	}
	must(w.s.FinishRegister(w.ctx, c, id, r.device.create(t, options)))(t)
	w.wantRefused(func() error { _, err := w.s.Authenticate(w.ctx, Presented{Cookie: cookie}); return err })
	if err := r.login(); err != nil || r.caller().Subject != m.caller().Subject {
		t.Errorf("login with the new passkey: %v", err)
	}
}

func TestHostRecovery(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	id := m.caller().Subject
	expectKind(t, second(w.s.Recover(w.ctx, m.caller().Principal, id)), glovebox.KindDenied)
	expectKind(t, second(w.s.Recover(w.ctx, root, "per_00000000000000000000")), glovebox.KindNotFound)
	_, token, err := w.s.Recover(w.ctx, root, id)
	if err != nil {
		t.Fatal(err)
	}
	again := w.enrol(token, "ignored")
	if c := again.caller(); c.Subject != id || c.Role != RoleAdmin {
		t.Errorf("recovered as %+v", c)
	}
	w.wantRefused(func() error { _, err := w.s.Authenticate(w.ctx, Presented{Cookie: m.cookie}); return err })
	w.wantRefused(func() error { return second(w.s.BeginEnrol(w.ctx, token, "", "laptop")) })
}
