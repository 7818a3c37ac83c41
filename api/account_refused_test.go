package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity/identitytest"
)

// wrong is something wrong with an authenticator's answer.
type wrong struct {
	name   string
	before func(v *visitor)                                      // makes its device answer wrongly
	after  func(t testing.TB, a json.RawMessage) json.RawMessage // spoils the answer
	may    []string                                              // kinds of documents that change all the same
}

func spoiling(member string, change func([]byte) []byte) func(testing.TB, json.RawMessage) json.RawMessage {
	return func(t testing.TB, a json.RawMessage) json.RawMessage {
		t.Helper()
		b, err := identitytest.Spoil(a, member, change)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

// anyAnswer is wrong whatever was asked; assertions and clones come on top.
var anyAnswer = []wrong{
	{name: "wrong origin", before: func(v *visitor) { v.device.Origin = "https://box.example.evil:8443" }},
	{name: "wrong relying party", before: func(v *visitor) { v.device.RPID = "evil.example" }},
	{name: "user not verified", before: func(v *visitor) { v.device.NotVerified = true }},
	{name: "user not present", before: func(v *visitor) { v.device.NotPresent = true }},
	{name: "bogus signature", before: func(v *visitor) { v.device.BogusSignature = true }},
	{name: "backed up without being eligible", before: func(v *visitor) { v.device.BackupEligible, v.device.BackedUp = false, true }},
	{name: "expired challenge", before: func(v *visitor) { v.pass(5 * time.Minute) }},
	{name: "other challenge", after: spoiling("clientDataJSON", func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"challenge":"`), []byte(`"challenge":"AAAA`), 1)
	})},
	{name: "not a credential", after: func(testing.TB, json.RawMessage) json.RawMessage { return json.RawMessage(`{}`) }},
	{name: "a list", after: func(testing.TB, json.RawMessage) json.RawMessage { return json.RawMessage(`[1,"x"]`) }},
	{name: "text", after: func(testing.TB, json.RawMessage) json.RawMessage { return json.RawMessage(`"x"`) }},
	{name: "70 KB", after: func(t testing.TB, a json.RawMessage) json.RawMessage {
		return append(a[:len(a)-1:len(a)-1], `,"x":"`+strings.Repeat("x", 70<<10)+`"}`...)
	}},
}

var anyAssertion = append([]wrong{
	{name: "backup eligibility flipped", before: func(v *visitor) { v.device.BackupEligible = false }},
	{name: "unknown credential", before: func(v *visitor) { v.device.SetCredentialID([]byte("nobody knows this one")) }},
	{name: "unknown person", before: func(v *visitor) { v.device.UserHandle = []byte("nobody") }},
	{name: "sign count going back", before: func(v *visitor) { v.device.Counter = 0 }, may: []string{"id_passkey", "id_person"}},
	{name: "huge CBOR", after: spoiling("authenticatorData", func(b []byte) []byte {
		b[32] |= 0x80 // extensions: a map that says it has 2^32 entries
		return append(b, append([]byte{0xba, 0xff, 0xff, 0xff, 0xff}, bytes.Repeat([]byte{0x61, 0x61, 0xf6}, 10_000)...)...)
	})},
}, anyAnswer...)

var anyAttestation = append([]wrong{
	{name: "huge CBOR", after: spoiling("attestationObject", func([]byte) []byte {
		return []byte{0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}
	})},
	{name: "deep CBOR", after: spoiling("attestationObject", func([]byte) []byte { return bytes.Repeat([]byte{0x81}, 40_000) })},
}, anyAnswer...)

// answered makes v answer a challenge wrongly.
func (w wrong) answered(v *visitor, answer func() json.RawMessage) json.RawMessage {
	v.t.Helper()
	if w.before != nil {
		w.before(v)
	}
	a := answer()
	if w.after != nil {
		a = w.after(v.t, a)
	}
	return a
}

func TestRefusedLogins(t *testing.T) {
	for _, w := range anyAssertion {
		t.Run(w.name, func(t *testing.T) {
			s := newSite(t)
			ada := s.admin(acme)
			if a := ada.login(); a.StatusCode != http.StatusOK { // the control
				t.Fatalf("%s", a.body)
			}
			thief := s.stranger()
			thief.device = ada.device.Clone()
			var c wire.Challenge
			thief.get(200, "POST", "/v1/login/begin", "{}", &c)
			a := w.answered(thief, func() json.RawMessage { return thief.assert(c.Options) })
			body := wire.LoginRequest{ID: c.ID, Response: a}
			thief.refuses(w.name, "POST", "/v1/login/finish", body, w.may...)
			thief.refuses("again", "POST", "/v1/login/finish", body)
			if len(w.may) == 0 { // what was refused did no harm
				ada.device.Counter += 10
				if a := ada.login(); a.StatusCode != http.StatusOK {
					t.Errorf("cannot log in any more: %s", a.body)
				}
			}
		})
	}
}

func TestRefusedSignatures(t *testing.T) {
	for _, w := range anyAssertion {
		t.Run(w.name, func(t *testing.T) {
			s := newSite(t)
			ada := s.admin(acme)
			ada.login()
			var up wire.StepUp
			invitation := pair{"name": "Eve", "role": "viewer"}
			ada.get(200, "POST", "/v1/step-up/begin", pair{"action": "person.invite", "parameters": invitation}, &up)
			good := ada.device.Clone()
			a := w.answered(ada, func() json.RawMessage { return ada.assert(up.Options) })
			body := wire.InviteRequest{Name: "Eve", Role: "viewer", Signature: &wire.Signature{ID: up.ID, Response: a}}
			ada.refuses(w.name, "POST", "/v1/invitations", body, w.may...)
			if len(w.may) == 0 {
				ada.device = good
				ada.device.Counter += 10
				ada.get(201, "POST", "/v1/invitations", wire.InviteRequest{Name: "Eve", Role: "viewer", Signature: ada.sign("person.invite", "", invitation)}, nil)
			}
		})
	}
}

func TestRefusedRegistrations(t *testing.T) {
	for _, w := range anyAttestation {
		t.Run(w.name, func(t *testing.T) {
			s := newSite(t)
			ada := s.admin(acme)
			var made wire.Invited
			ada.get(201, "POST", "/v1/invitations", wire.InviteRequest{Name: "Bob", Role: "viewer",
				Signature: ada.sign("person.invite", "", pair{"name": "Bob", "role": "viewer"})}, &made)
			token := after(made.URL, "#")
			bob := s.stranger()
			bob.device = s.newDevice()
			var c wire.Challenge
			bob.get(200, "POST", "/v1/links/begin", wire.EnrolRequest{Token: token, Passkey: "phone"}, &c)
			a := w.answered(bob, func() json.RawMessage { return bob.register(c) })
			bob.refuses(w.name, "POST", "/v1/links/finish", wire.LoginRequest{ID: c.ID, Response: a})

			bob = s.enrol(made.URL, "") // the control: the link still works
			good, old := bob.device, s.newDevice()
			bob.get(200, "POST", "/v1/me/passkeys/begin", wire.AddPasskeyRequest{Name: "x", Signature: bob.sign("passkey.add", "", pair{"name": "x"})}, &c)
			bob.device = old
			a = w.answered(bob, func() json.RawMessage { return bob.register(c) })
			bob.refuses(w.name, "POST", "/v1/me/passkeys/finish", wire.Answer{ID: c.ID, Response: a})
			bob.device = good
			s.stranger().refuses("used link", "POST", "/v1/links/begin", wire.EnrolRequest{Token: token, Passkey: "phone"})
		})
	}
}

// TestReplayedLogin: of the same answer sent many times at once, one counts.
func TestReplayedLogin(t *testing.T) {
	s := newSite(t)
	ada := s.admin(acme)
	var c wire.Challenge
	ada.get(200, "POST", "/v1/login/begin", "{}", &c)
	body := wire.LoginRequest{ID: c.ID, Response: ada.assert(c.Options)}
	var mu sync.Mutex
	counts := map[int]int{}
	var all sync.WaitGroup
	for range 16 {
		r := s.stranger().request("POST", "/v1/login/finish", body)
		all.Go(func() {
			a := s.do(r)
			mu.Lock()
			defer mu.Unlock()
			counts[a.StatusCode]++
		})
	}
	all.Wait()
	if counts[200] != 1 || counts[401] != 15 || s.refusals() != 15 {
		t.Errorf("%v, %d audited", counts, s.refusals())
	}
}

// TestSignatureIsForOneCall: a good signature does exactly what was signed,
// for who signed, in the session that signed, once.
func TestSignatureIsForOneCall(t *testing.T) {
	s := newSite(t)
	ada := s.admin(acme)
	bob, eve := ada.invites("Bob", "viewer").me().Subject, ada.invites("Eve", "viewer").me().Subject
	sign := func() *wire.Signature { return ada.sign("person.disable", bob, nil) }

	ada.fails(glovebox.KindApproval, "signature", "POST", "/v1/people/"+bob+"/disable", "{}")
	ada.fails(glovebox.KindConflict, "", "POST", "/v1/people/"+eve+"/disable", wire.SignedRequest{Signature: sign()})
	ada.fails(glovebox.KindConflict, "", "POST", "/v1/people/"+bob+"/enable", wire.SignedRequest{Signature: sign()})
	ada.fails(glovebox.KindConflict, "", "POST", "/v1/me/recovery-codes", wire.SignedRequest{Signature: sign()})
	ada.fails(glovebox.KindConflict, "", "POST", "/v1/people/"+bob+"/disable",
		wire.SignedRequest{Signature: ada.sign("person.disable", bob, pair{"more": true})})
	spent := sign()
	ada.fails(glovebox.KindConflict, "", "POST", "/v1/people/"+eve+"/disable", wire.SignedRequest{Signature: spent})
	ada.refuses("tried before", "POST", "/v1/people/"+bob+"/disable", wire.SignedRequest{Signature: spent})

	old := sign()
	s.pass(2 * time.Minute)
	ada.refuses("old", "POST", "/v1/people/"+bob+"/disable", wire.SignedRequest{Signature: old})
	other := sign()
	if a := ada.login(); a.StatusCode != http.StatusOK {
		t.Fatalf("%s", a.body)
	}
	ada.refuses("another session's", "POST", "/v1/people/"+bob+"/disable", wire.SignedRequest{Signature: other})
	s.stranger().fails(glovebox.KindUnauthorized, "", "POST", "/v1/people/"+bob+"/disable", wire.SignedRequest{Signature: other})

	var login wire.Challenge
	ada.get(200, "POST", "/v1/login/begin", "{}", &login)
	ada.refuses("a login's", "POST", "/v1/people/"+bob+"/disable",
		wire.SignedRequest{Signature: &wire.Signature{ID: login.ID, Response: ada.assert(login.Options)}})
	ada.get(204, "POST", "/v1/people/"+bob+"/disable", wire.SignedRequest{Signature: sign()}, nil) // the control
}

// TestForeignTenant: what another tenant has is not there, with and without a
// signature, exactly as what nobody has.
func TestForeignTenant(t *testing.T) {
	s := newSite(t)
	ada, ola := s.admin(acme), s.admin("other")
	rule := wire.RuleRequest{Name: "app", Issuer: ciURL, Audience: siteURL, Claims: s.ci.Claims(), Actions: []string{"job.read"}, Seconds: 600}
	rule.Signature = ola.sign("rule.write", "", pair{"name": rule.Name, "issuer": rule.Issuer, "audience": rule.Audience, "claims": rule.Claims,
		"actions": rule.Actions, "seconds": rule.Seconds})
	var theirs wire.Rule
	ola.get(201, "POST", "/v1/rules", rule, &theirs)
	var invited wire.Invited
	ola.get(201, "POST", "/v1/invitations", wire.InviteRequest{Name: "Bob", Role: "viewer",
		Signature: ola.sign("person.invite", "", pair{"name": "Bob", "role": "viewer"})}, &invited)
	var keys wire.PasskeyList
	ola.get(200, "GET", "/v1/me/passkeys", nil, &keys)
	me := ola.me()

	for _, c := range []struct {
		action, method, path string
		foreign, missing     string
		body                 pair
	}{
		{"", "GET", "/v1/people/%s", me.Subject, "per_00000000000000000000", nil},
		{"person.role", "POST", "/v1/people/%s/role", me.Subject, "per_00000000000000000000", pair{"role": "viewer"}},
		{"person.disable", "POST", "/v1/people/%s/disable", me.Subject, "per_00000000000000000000", pair{}},
		{"person.enable", "POST", "/v1/people/%s/enable", me.Subject, "per_00000000000000000000", pair{}},
		{"rule.remove", "POST", "/v1/rules/%s/remove", theirs.ID, "rul_00000000000000000000", pair{}},
		{"passkey.remove", "POST", "/v1/me/passkeys/%s/remove", keys.Passkeys[0].ID, strings.Repeat("0", 64), pair{}},
		{"", "PATCH", "/v1/me/passkeys/%s", keys.Passkeys[0].ID, strings.Repeat("0", 64), pair{"name": "x"}},
		{"", "DELETE", "/v1/me/sessions/%s", me.Session.ID, "ses_x", nil},
		{"", "DELETE", "/v1/invitations/%s", invited.Invitation.ID, "lnk_00000000000000000000", nil},
	} {
		before := fmt.Sprint(s.documents())
		texts := map[string]bool{}
		for _, id := range []string{c.foreign, c.missing} {
			path := fmt.Sprintf(c.path, id)
			var body any
			if c.body != nil {
				body = c.body
			}
			p := ada.fails(glovebox.KindNotFound, "", c.method, path, body)
			texts[p.Detail+p.Hint] = true
			if c.action == "" {
				continue
			}
			var parameters any
			if len(c.body) > 0 {
				parameters = pair{"role": "viewer"}
			}
			signed := pair{"signature": ada.sign(c.action, id, parameters)}
			for k, v := range c.body {
				signed[k] = v
			}
			p = ada.fails(glovebox.KindNotFound, "", c.method, path, signed)
			texts[p.Detail+p.Hint] = true
		}
		if len(texts) != 1 {
			t.Errorf("%s: told apart: %v", c.path, texts)
		}
		if c.action == "" && before != fmt.Sprint(s.documents()) {
			t.Errorf("%s: something changed", c.path)
		}
	}
	var all wire.PersonList
	if ada.get(200, "GET", "/v1/people", nil, &all); len(all.People) != 1 {
		t.Errorf("people: %+v", all)
	}
	if a := ada.get(200, "GET", "/v1/rules", nil, nil); strings.Contains(string(a.body), theirs.ID) {
		t.Errorf("rules: %s", a.body)
	}
	if a := ada.get(200, "GET", "/v1/invitations", nil, nil); strings.Contains(string(a.body), invited.Invitation.ID) {
		t.Errorf("invitations: %s", a.body)
	}
	if ola.me().Subject != me.Subject {
		t.Error("the other tenant's admin is gone")
	}
}
