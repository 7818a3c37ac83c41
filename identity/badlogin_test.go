package identity

import (
	"bytes"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
	"glovebox/identity/identitytest"
)

// spoil changes a member of an authenticator's answer.
func spoil(t *testing.T, answer []byte, member string, change func([]byte) []byte) []byte {
	t.Helper()
	return must(identitytest.Spoil(answer, member, change))(t)
}

// bad is something wrong with an authenticator's answer.
type bad struct {
	name   string
	before func(w *world, m *member)                  // makes it answer wrongly
	after  func(w *world, m *member, a []byte) []byte // spoils the answer
	may    []string                                   // kinds that change all the same
}

// badAnswers are refused at login and at step-up alike.
var badAnswers = []bad{
	{name: "wrong origin", before: func(w *world, m *member) { m.device.Origin = "https://box.example.evil:8443" }},
	{name: "origin on another port", before: func(w *world, m *member) { m.device.Origin = "https://box.example" }},
	{name: "wrong relying party", before: func(w *world, m *member) { m.device.RPID = "evil.example" }},
	{name: "user not verified", before: func(w *world, m *member) { m.device.NotVerified = true }},
	{name: "user not present", before: func(w *world, m *member) { m.device.NotPresent = true }},
	{name: "backup eligibility flipped", before: func(w *world, m *member) { m.device.BackupEligible = false }},
	{name: "backed up without being eligible", before: func(w *world, m *member) {
		m.device.BackupEligible = false
		m.device.BackedUp = true
	}},
	{name: "other person's handle", before: func(w *world, m *member) {
		m.device.UserHandle = m.invite("Eve", RoleViewer).device.UserHandle
	}},
	{name: "other person's credential", before: func(w *world, m *member) {
		own := m.device.UserHandle
		m.device = m.invite("Eve", RoleViewer).device
		m.device.UserHandle = own
	}},
	{name: "unknown credential", before: func(w *world, m *member) { m.device.SetCredentialID([]byte("nobody knows this one")) }},
	{name: "unknown handle", before: func(w *world, m *member) { m.device.UserHandle = []byte("nobody") }},
	{name: "sign count going back", before: func(w *world, m *member) { m.device.Counter = 0 }, may: []string{kindPasskey, kindPerson}},
	{name: "bogus signature", after: func(w *world, m *member, a []byte) []byte {
		return spoil(w.t, a, "signature", func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
	}},
	{name: "no signature", after: func(w *world, m *member, a []byte) []byte {
		return spoil(w.t, a, "signature", func([]byte) []byte { return nil })
	}},
	{name: "changed sign count", after: func(w *world, m *member, a []byte) []byte {
		return spoil(w.t, a, "authenticatorData", func(b []byte) []byte { b[36] += 7; return b })
	}},
	{name: "other challenge", after: func(w *world, m *member, a []byte) []byte {
		return spoil(w.t, a, "clientDataJSON", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"challenge":"`), []byte(`"challenge":"AAAA`), 1)
		})
	}},
	{name: "ceremony of registration", after: func(w *world, m *member, a []byte) []byte {
		return spoil(w.t, a, "clientDataJSON", func(b []byte) []byte { return bytes.Replace(b, []byte("webauthn.get"), []byte("webauthn.create"), 1) })
	}},
	{name: "huge CBOR", after: func(w *world, m *member, a []byte) []byte {
		return spoil(w.t, a, "authenticatorData", func(b []byte) []byte {
			b[32] |= 0x80 // extensions: a map with 2^32 entries, of which many are there
			return append(b, append([]byte{0xba, 0xff, 0xff, 0xff, 0xff}, bytes.Repeat([]byte{0x61, 0x61, 0xf6}, 10_000)...)...)
		})
	}},
	{name: "deep CBOR", after: func(w *world, m *member, a []byte) []byte {
		return spoil(w.t, a, "authenticatorData", func(b []byte) []byte {
			b[32] |= 0x80
			return append(b, bytes.Repeat([]byte{0x81}, 20_000)...)
		})
	}},
	{name: "10 MB", after: func(w *world, m *member, a []byte) []byte { return append(a, make([]byte, 10<<20)...) }},
	{name: "not JSON", after: func(w *world, m *member, a []byte) []byte { return []byte("{") }},
	{name: "nothing", after: func(w *world, m *member, a []byte) []byte { return nil }},
	{name: "expired challenge", after: func(w *world, m *member, a []byte) []byte { w.clock.pass(ceremonyLife); return a }},
}

func TestBadLogin(t *testing.T) {
	for _, b := range badAnswers {
		t.Run(b.name, func(t *testing.T) {
			w := newWorld(t)
			m := w.admin()
			good := *m.device
			if err := m.login(); err != nil { // the control
				t.Fatal(err)
			}
			good.Counter = m.device.Counter
			if b.before != nil {
				b.before(w, m)
			}
			id, options, err := w.s.BeginLogin(w.ctx)
			if err != nil {
				t.Fatal(err)
			}
			answer := m.device.get(t, options)
			if b.after != nil {
				answer = b.after(w, m, answer)
			}
			w.wantRefused(func() error { _, _, err := w.s.FinishLogin(w.ctx, id, answer, ""); return err }, b.may...)
			if len(b.may) == 0 { // what was refused did no harm
				good.Counter += 10
				m.device = &good
				if err := m.login(); err != nil {
					t.Errorf("cannot log in any more: %v", err)
				}
			}
		})
	}
}

func TestReplay(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	id, options, err := w.s.BeginLogin(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	m.device.Counter = math.MaxUint32 // wraps to 0, as of synced passkeys
	answer := m.device.get(t, options)
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, _, err := w.s.FinishLogin(w.ctx, id, answer, ""); err == nil {
				won.Add(1)
			} else if glovebox.KindOf(err) == glovebox.KindUnauthorized {
				lost.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || lost.Load() != 15 || w.refusals() != 15 {
		t.Errorf("%d got in, %d were refused, %d were audited", won.Load(), lost.Load(), w.refusals())
	}
	w.wantRefused(func() error { _, _, err := w.s.FinishLogin(w.ctx, id, answer, ""); return err })
	w.wantRefused(func() error { _, _, err := w.s.FinishLogin(w.ctx, "cer_00000000000000000000", answer, ""); return err })
	w.wantRefused(func() error { _, _, err := w.s.FinishLogin(w.ctx, "../x\x00", answer, ""); return err })
}

func TestChallengeOfAnotherScope(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	c := m.caller()
	o := Operation{Action: ActionPolicyChange, Resource: "default"}
	id, options, err := w.s.BeginStepUp(w.ctx, c, o)
	if err != nil {
		t.Fatal(err)
	}
	answer := m.device.get(t, options)
	w.wantRefused(func() error { _, _, err := w.s.FinishLogin(w.ctx, id, answer, ""); return err })
	w.wantRefused(func() error { _, err := w.s.FinishStepUp(w.ctx, c, id, o, answer); return err })

	id, loginOptions, err := w.s.BeginLogin(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.wantRefused(func() error { _, err := w.s.FinishStepUp(w.ctx, c, id, o, m.device.get(t, loginOptions)); return err })
	if causes := strings.Join(w.causes(), "\n"); !strings.Contains(causes, "challenge is for stepup") || !strings.Contains(causes, "challenge is for login") {
		t.Errorf("causes: %s", causes)
	}

	// Another session of the same person is another scope too.
	if id, options, err = w.s.BeginStepUp(w.ctx, c, o); err != nil {
		t.Fatal(err)
	}
	if err := m.login(); err != nil {
		t.Fatal(err)
	}
	answer = m.device.get(t, options)
	w.wantRefused(func() error { _, err := w.s.FinishStepUp(w.ctx, m.caller(), id, o, answer); return err })
}

func TestCloneDisables(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	if err := m.login(); err != nil {
		t.Fatal(err)
	}
	followed, stop, err := w.s.Follow(w.ctx, m.caller())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	copied := *m.device
	if err := m.login(); err != nil {
		t.Fatal(err)
	}
	_, token, err := w.s.Recover(w.ctx, root, m.caller().Subject)
	if err != nil {
		t.Fatal(err)
	}
	m.device = &copied
	expectKind(t, m.login(), glovebox.KindUnauthorized)
	select {
	case <-followed.Done():
	case <-time.After(time.Second):
		t.Error("a stream of the disabled passkey goes on")
	}
	w.wantRefused(func() error { _, err := w.s.Authenticate(w.ctx, Presented{Cookie: m.cookie}); return err })
	copied.Counter = 100
	expectKind(t, m.login(), glovebox.KindUnauthorized)
	if causes := strings.Join(w.causes(), "\n"); !strings.Contains(causes, "passkey disabled") {
		t.Errorf("causes: %s", causes)
	}
	back := w.enrol(token, "")
	keys := must(w.s.Passkeys(w.ctx, back.caller()))(t)
	if len(keys) != 2 || keys[0].Disabled != "" || keys[1].Disabled == "" {
		t.Errorf("passkeys after recovery: %+v", keys)
	}
}
