package identity

import (
	"context"
	"encoding/base64"
	"math"
	"sync/atomic"
	"testing"

	"glovebox"
	"glovebox/store/memory"
)

// meddler is a store in which something happens just before a commit that
// writes a kind of document, once.
type meddler struct {
	*memory.Store
	kind   string
	meddle atomic.Pointer[func() error]
}

func (m *meddler) Commit(ctx context.Context, writes []glovebox.Write, events ...glovebox.AuditEvent) error {
	for _, w := range writes {
		if w.Kind != m.kind {
			continue
		}
		if f := m.meddle.Swap(nil); f != nil {
			if err := (*f)(); err != nil {
				return err
			}
		}
	}
	return m.Store.Commit(ctx, writes, events...)
}

// meddled is a world whose service writes through a meddler.
func meddled(t *testing.T, kind string) (*world, *meddler) {
	w := newWorld(t)
	m := &meddler{Store: w.store, kind: kind}
	w.s.records = m
	return w, m
}

func TestTwoRemovalsAtOnce(t *testing.T) {
	w, store := meddled(t, kindPerson)
	ada := w.admin()
	c := ada.caller()
	id, options, err := w.s.BeginRegister(w.ctx, c, "phone", ada.sign(RegisterOperation("phone")))
	if err != nil {
		t.Fatal(err)
	}
	phone := must(w.s.FinishRegister(w.ctx, c, id, newDevice().create(t, options)))(t)
	laptop := c.Session.Passkey
	first, second := ada.sign(RemoveOperation(phone.ID)), ada.sign(RemoveOperation(laptop))
	between := func() error { return w.s.RemovePasskey(w.ctx, c, phone.ID, first) }
	store.meddle.Store(&between)
	expectKind(t, w.s.RemovePasskey(w.ctx, c, laptop, second), glovebox.KindConflict)
	ada.caller()
}

func TestTwoAdminsGoAtOnce(t *testing.T) {
	w, store := meddled(t, kindAdmins)
	ada := w.admin()
	bob := ada.invite("Bob", RoleAdmin)
	demote := func(by, whom *member) func() error {
		c, id := by.caller(), whom.caller().Subject
		signed := by.sign(RoleOperation(id, RoleViewer))
		return func() error { return w.s.SetRole(w.ctx, c, id, RoleViewer, signed) }
	}
	first, second := demote(ada, bob), demote(bob, ada)
	store.meddle.Store(&first)
	expectKind(t, second(), glovebox.KindConflict)
	if c := ada.caller(); c.Role != RoleAdmin {
		t.Errorf("no admin is left: %+v", c)
	}
}

// afterRead is a store in which something happens just after a kind of document
// was read, once.
type afterRead struct {
	*memory.Store
	kind string
	then atomic.Pointer[func()]
}

func (a *afterRead) Record(ctx context.Context, kind, key string) (glovebox.Record, error) {
	r, err := a.Store.Record(ctx, kind, key)
	if kind == a.kind {
		if f := a.then.Swap(nil); f != nil {
			(*f)()
		}
	}
	return r, err
}

// TestSecondFirstAdmin: somebody becomes the first admin between the look at
// whether there is one and the making of another.
func TestSecondFirstAdmin(t *testing.T) {
	w := newWorld(t)
	store := &afterRead{Store: w.store, kind: kindAdmins}
	w.s.records = store
	finish := func() func() error {
		_, token, err := w.s.FirstAdmin(w.ctx, root, testTenant)
		if err != nil {
			t.Fatal(err)
		}
		id, options, err := w.s.BeginEnrol(w.ctx, token, "Ada", "laptop")
		if err != nil {
			t.Fatal(err)
		}
		answer := newDevice().create(t, options)
		return func() error { return second(w.s.FinishEnrol(w.ctx, id, answer, "")) }
	}
	first, late := finish(), finish()
	then := func() { expectKind(t, first(), "") }
	store.then.Store(&then)
	expectKind(t, late(), glovebox.KindUnauthorized)
	if people := must(w.s.HostPeople(w.ctx, root))(t); len(people) != 1 {
		t.Errorf("%d admins", len(people))
	}
}

func TestChallengeTakenInBetween(t *testing.T) {
	w, store := meddled(t, kindCeremony)
	m := w.admin()
	id, options, err := w.s.BeginLogin(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	m.device.Counter = math.MaxUint32 // wraps to 0: a synced passkey counts nothing, so only the challenge stops a replay
	answer := m.device.get(t, options)
	finish := func() error { return second(w.s.FinishLogin(w.ctx, id, answer, "")) }
	store.meddle.Store(&finish)
	expectKind(t, finish(), glovebox.KindUnauthorized)
}

// TestNoRefusalWithoutEvent: a store that fails is said to fail.
func TestNoRefusalWithoutEvent(t *testing.T) {
	w, store := meddled(t, kindCeremony)
	m := w.admin()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := w.s.Authenticate(w.ctx, Presented{Cookie: m.cookie})
	expectKind(t, err, glovebox.KindUnavailable)
	_, err = w.s.Authenticate(w.ctx, Presented{Cookie: "malformed"})
	expectKind(t, err, glovebox.KindUnavailable)
}

func TestVerifySignedWantsVerification(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	signed := *m.sign(testOperation)
	for _, unverified := range []bool{false, true} {
		m.device.NotVerified = unverified
		challenge := must(signed.Operation.Challenge(signed.Nonce))(t)
		answer := m.device.get(t, map[string]any{"challenge": base64.RawURLEncoding.EncodeToString(challenge)})
		take := func(member string) (b []byte) {
			spoil(t, answer, member, func(raw []byte) []byte { b = raw; return raw })
			return b
		}
		signed.AuthenticatorData, signed.ClientData, signed.Signature = take("authenticatorData"), take("clientDataJSON"), take("signature")
		if err := VerifySigned(signed, testRPID, []string{testOrigin}); (err != nil) != unverified {
			t.Errorf("unverified %v: %v", unverified, err)
		}
	}
}
