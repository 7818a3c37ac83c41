package identity

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
)

func TestBadRegistration(t *testing.T) {
	object := func(change func([]byte) []byte) func(*testing.T, []byte) []byte {
		return func(t *testing.T, a []byte) []byte { return spoil(t, a, "attestationObject", change) }
	}
	for name, b := range map[string]struct {
		before func(w *world, d *device)
		after  func(t *testing.T, a []byte) []byte
	}{
		"wrong origin":        {before: func(_ *world, d *device) { d.Origin = "https://evil.example" }},
		"wrong relying party": {before: func(_ *world, d *device) { d.RPID = "evil.example" }},
		"user not verified":   {before: func(_ *world, d *device) { d.NotVerified = true }},
		"user not present":    {before: func(_ *world, d *device) { d.NotPresent = true }},
		"backed up, not eligible": {before: func(_ *world, d *device) {
			d.BackupEligible, d.BackedUp = false, true
		}},
		"expired":           {after: func(_ *testing.T, a []byte) []byte { return a }, before: func(w *world, _ *device) { w.clock.pass(ceremonyLife) }},
		"bogus attestation": {after: object(func(b []byte) []byte { return bytes.Replace(b, []byte("sig"), []byte("gis"), 1) })},
		"changed key":       {after: object(func(b []byte) []byte { b[len(b)-5] ^= 1; return b })},
		"trailing CBOR":     {after: object(func(b []byte) []byte { return append(b, 0xf6) })},
		"huge CBOR":         {after: object(func([]byte) []byte { return append([]byte{0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 1) })},
		"huge bytes": {after: object(func([]byte) []byte {
			return append([]byte{0xa1, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 1)
		})},
		"many CBOR entries": {after: object(func([]byte) []byte { return bytes.Repeat([]byte{0xa1, 0x60}, 20_000) })},
		"10 MB":             {after: func(_ *testing.T, a []byte) []byte { return append(a, make([]byte, 10<<20)...) }},
		"not JSON":          {after: func(*testing.T, []byte) []byte { return []byte("null") }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.admin()
			_, token, err := w.s.Invite(w.ctx, m.caller(), "Bob", RoleViewer, m.sign(InviteOperation("Bob", RoleViewer)))
			if err != nil {
				t.Fatal(err)
			}
			id, options, err := w.s.BeginEnrol(w.ctx, token, "", "phone")
			if err != nil {
				t.Fatal(err)
			}
			d := newDevice()
			if b.before != nil {
				b.before(w, d)
			}
			answer := d.create(t, options)
			if b.after != nil {
				answer = b.after(t, answer)
			}
			w.wantRefused(func() error { _, _, err := w.s.FinishEnrol(w.ctx, id, answer, ""); return err })
			w.enrol(token, "") // the control: the link still works
		})
	}
}

func TestRegistrationReplay(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	c := m.caller()
	add := func() (string, []byte, *device) {
		id, options, err := w.s.BeginRegister(w.ctx, c, "phone", m.sign(RegisterOperation("phone")))
		if err != nil {
			t.Fatal(err)
		}
		d := newDevice()
		return id, d.create(t, options), d
	}
	id, answer, _ := add()
	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := w.s.FinishRegister(w.ctx, c, id, answer); err == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || len(must(w.s.Passkeys(w.ctx, c))(t)) != 2 {
		t.Errorf("registered %d times", won.Load())
	}

	id2, options, err := w.s.BeginRegister(w.ctx, c, "again", m.sign(RegisterOperation("again")))
	if err != nil { // the device that is registered, again
		t.Fatal(err)
	}
	w.wantRefused(func() error { _, err := w.s.FinishRegister(w.ctx, c, id2, m.device.create(t, options)); return err })

	eve := m.invite("Eve", RoleViewer) // somebody else's challenge
	id, answer, _ = add()
	w.wantRefused(func() error { _, err := w.s.FinishRegister(w.ctx, eve.caller(), id, answer); return err })

	id, answer, _ = add() // of a session, used as if of a link
	w.wantRefused(func() error { _, _, err := w.s.FinishEnrol(w.ctx, id, answer, ""); return err })

	expectKind(t, second(w.s.BeginRegister(w.ctx, c, "x", nil)), glovebox.KindApproval)
	wrong := m.sign(RegisterOperation("other"))
	expectKind(t, second(w.s.BeginRegister(w.ctx, c, "x", wrong)), glovebox.KindDenied)
	late := m.sign(RegisterOperation("x"))
	w.clock.pass(signatureLife + time.Second)
	expectKind(t, second(w.s.BeginRegister(w.ctx, c, "x", late)), glovebox.KindDenied)
	once := m.sign(RegisterOperation("x"))
	expectKind(t, second(w.s.BeginRegister(w.ctx, c, "x", once)), "")
	expectKind(t, second(w.s.BeginRegister(w.ctx, c, "x", once)), glovebox.KindDenied)
}

// second is the error of three results.
func second[A, B any](_ A, _ B, err error) error { return err }
