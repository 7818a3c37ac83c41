package identity

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// TestIssuerThatDoesNotAnswer: who presents a token of an issuer that cannot be
// reached, which anybody can, is not told what is in its place, and cannot make
// us ask again and again.
func TestIssuerThatDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	r, key, asked := w.admin().rule(ciRule()), newKey(t), 0
	good := w.s.issuers.fetch
	w.s.issuers.fetch = func(context.Context, string) ([]byte, error) {
		asked++
		return nil, errors.New("dial tcp 10.0.0.7:443: connection refused")
	}
	exchange := func() error {
		_, err := w.s.Exchange(w.ctx, r.ID, w.idp.token(w.clock.now(), nil), key.presented(w, "POST", "/v1/token", ""))
		return err
	}
	for range 10 {
		err := exchange()
		expectKind(t, err, glovebox.KindUnavailable)
		if strings.Contains(err.Error(), "10.0.0.7") || strings.Contains(err.Error(), "github") {
			t.Error(err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	w.s.issuers.fetch = good
	w.clock.pass(issuerRetry)
	expectKind(t, exchange(), "")
}

// TestCallerLeavesIssuer: a caller who leaves does not spoil the answer for
// those who wait for the same keys.
func TestCallerLeavesIssuer(t *testing.T) {
	w := newWorld(t)
	good := w.s.issuers.fetch
	w.s.issuers.fetch = func(ctx context.Context, issuer string) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if until, ok := ctx.Deadline(); !ok || time.Until(until) > discoverTime {
			t.Error("may take for ever")
		}
		return good(ctx, issuer)
	}
	left, leave := context.WithCancel(w.ctx)
	leave()
	if _, err := w.s.issuers.key(left, github, "first", w.clock.now()); err != nil {
		t.Error(err)
	}
}

// TestInviterWhoMayNotInvite: a link is worth nothing any more once its maker
// could not make it, even for the maker's own role.
func TestInviterWhoMayNotInvite(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	inviter := m.invite("Grace", RoleDeveloper)
	_, token, err := w.s.Invite(w.ctx, inviter.caller(), "Vera", RoleViewer, inviter.sign(InviteOperation("Vera", RoleViewer)))
	expectKind(t, err, "")
	must(w.s.LinkInfo(w.ctx, token))(t)
	id := inviter.caller().Subject
	expectKind(t, w.s.SetRole(w.ctx, m.caller(), id, RoleViewer, m.sign(RoleOperation(id, RoleViewer))), "")
	w.wantRefused(func() error { _, err := w.s.LinkInfo(w.ctx, token); return err })
}

// TestStepUpForNothing: what is no action is refused and written down, but not
// at whatever length it was asked for.
func TestStepUpForNothing(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	for name, want := range map[Action]glovebox.Kind{
		"": glovebox.KindInvalid, "no.such": glovebox.KindDenied, Action(strings.Repeat("x", 100<<10)): glovebox.KindDenied,
	} {
		_, _, err := w.s.BeginStepUp(w.ctx, m.caller(), Operation{Action: name})
		expectKind(t, err, want)
		if len(err.Error()) > 1000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	}
	if n := w.refusals(); n != 2 {
		t.Errorf("%d events", n)
	}
	for _, e := range w.events() {
		if len(e.Action) > 300 {
			t.Errorf("an action of %d bytes", len(e.Action))
		}
	}
}
