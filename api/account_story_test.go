package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// TestAccountStory goes the whole way of an account, over each kind of store.
func TestAccountStory(t *testing.T) {
	overStores(t, func(s *site) {
		var link wire.HostLink
		root := s.operator(0)
		root.get(201, "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "first_admin", Tenant: acme}, &link)
		var info wire.LinkInfo
		s.stranger().get(200, "POST", "/v1/links/inspect", wire.LinkRequest{Token: after(link.URL, "#")}, &info)
		if info.Purpose != "first_admin" || info.Tenant != acme || info.Role != "admin" || !info.Until.Equal(s.clock().Add(15*time.Minute)) {
			s.t.Errorf("link: %+v", info)
		}
		ada := s.enrol(link.URL, "Ada")
		root.fails(glovebox.KindConflict, "", "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "first_admin", Tenant: acme})

		me := ada.me()
		if me.Kind != "person" || me.DisplayName != "Ada" || me.Tenant != acme || me.Role != "admin" || me.Session.Kind != "browser" || !me.Session.Current ||
			me.Name != "person:"+me.Subject || !slices.Contains(me.Actions, "person.invite") || !slices.Contains(me.NeedSignature, "person.invite") ||
			slices.Contains(me.Actions, "host.link") || slices.Contains(me.NeedSignature, "self.read") {
			s.t.Errorf("me: %+v", me)
		}
		s.people(ada)
		s.passkeysAndCodes(ada)
		s.programs(ada)
		s.workload(ada)

		a := ada.get(204, "POST", "/v1/me/logout", nil, nil)
		if c := a.Cookies(); len(c) != 1 || c[0].Value != "" || c[0].MaxAge != -1 {
			s.t.Errorf("cookies after logout: %v", c)
		}
		ada.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)
		if lines := s.log.String(); strings.Contains(lines, "ses_") || strings.Contains(lines, after(link.URL, "#")) {
			s.t.Error("a secret is in the log")
		}
	})
}

func after(s, mark string) string { _, rest, _ := strings.Cut(s, mark); return rest }

// people: a second person comes, changes role, is kept out and let in.
func (s *site) people(ada *visitor) {
	s.t.Helper()
	bob := ada.invites("Bob", "developer")
	id := bob.me().Subject
	bob.fails(glovebox.KindDenied, "", "GET", "/v1/people", nil)
	bob.get(200, "GET", "/v1/people/"+id, nil, nil)
	bob.fails(glovebox.KindDenied, "", "GET", "/v1/people/"+ada.me().Subject, nil)

	role := func(to string) *wire.Signature { return ada.sign("person.role", id, pair{"role": to}) }
	ada.get(204, "POST", "/v1/people/"+id+"/role", wire.RoleRequest{Role: "viewer", Signature: role("viewer")}, nil)
	if bob.me().Role != "viewer" {
		s.t.Error("the role did not change at once")
	}
	ada.fails(glovebox.KindConflict, "", "POST", "/v1/people/"+id+"/role", wire.RoleRequest{Role: "admin", Signature: role("developer")})
	ada.fails(glovebox.KindInvalid, "role", "POST", "/v1/people/"+id+"/role", wire.RoleRequest{Role: "king"})
	self := ada.me().Subject
	ada.fails(glovebox.KindConflict, "", "POST", "/v1/people/"+self+"/disable", wire.SignedRequest{Signature: ada.sign("person.disable", self, nil)})

	ada.get(204, "POST", "/v1/people/"+id+"/disable", wire.SignedRequest{Signature: ada.sign("person.disable", id, nil)}, nil)
	bob.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)
	var all wire.PersonList
	ada.get(200, "GET", "/v1/people", nil, &all)
	i := slices.IndexFunc(all.People, func(p wire.Person) bool { return p.ID == id })
	if len(all.People) != 2 || i < 0 || !all.People[i].Disabled || all.People[i].Passkeys != 1 || all.People[i].Role != "viewer" {
		s.t.Errorf("people: %+v", all)
	}
	ada.get(204, "POST", "/v1/people/"+id+"/enable", wire.SignedRequest{Signature: ada.sign("person.enable", id, nil)}, nil)
	if a := bob.login(); a.StatusCode != 200 {
		s.t.Errorf("login after enable: %s", a.body)
	}

	var made wire.Invited
	invite := wire.InviteRequest{Name: "Eve", Role: "viewer", Signature: ada.sign("person.invite", "", pair{"name": "Eve", "role": "viewer"})}
	ada.get(201, "POST", "/v1/invitations", invite, &made)
	var open wire.InvitationList
	if ada.get(200, "GET", "/v1/invitations", nil, &open); len(open.Invitations) != 1 || open.Invitations[0] != made.Invitation {
		s.t.Errorf("invitations: %+v, made %+v", open, made)
	}
	ada.get(204, "DELETE", "/v1/invitations/"+made.Invitation.ID, nil, nil)
	ada.fails(glovebox.KindNotFound, "", "DELETE", "/v1/invitations/"+made.Invitation.ID, nil)
	s.stranger().refuses("revoked link", "POST", "/v1/links/inspect", wire.LinkRequest{Token: after(made.URL, "#")})
}

// passkeysAndCodes: a second passkey is added, renamed and removed; codes get
// somebody back in who lost everything, and sessions end.
func (s *site) passkeysAndCodes(ada *visitor) {
	s.t.Helper()
	first := ada.device
	second := s.stranger()
	second.device, second.cookie = s.newDevice(), ada.cookie
	var c wire.Challenge
	ada.get(200, "POST", "/v1/me/passkeys/begin", wire.AddPasskeyRequest{Name: "phone", Signature: ada.sign("passkey.add", "", pair{"name": "phone"})}, &c)
	var k wire.Passkey
	ada.get(201, "POST", "/v1/me/passkeys/finish", wire.Answer{ID: c.ID, Response: second.register(c)}, &k)
	ada.get(204, "PATCH", "/v1/me/passkeys/"+k.ID, wire.RenameRequest{Name: "old phone"}, nil)
	var all wire.PasskeyList
	ada.get(200, "GET", "/v1/me/passkeys", nil, &all)
	if len(all.Passkeys) != 2 || all.Passkeys[1].Name != "old phone" || !all.Passkeys[1].Synced || len(all.Passkeys[1].AAGUID) != 32 {
		s.t.Errorf("passkeys: %+v", all)
	}
	if a := second.login(); a.StatusCode != 200 {
		s.t.Fatalf("login with the second passkey: %s", a.body)
	}
	ada.get(204, "POST", "/v1/me/passkeys/"+k.ID+"/remove", wire.SignedRequest{Signature: ada.sign("passkey.remove", k.ID, nil)}, nil)
	second.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)
	last := all.Passkeys[0].ID
	ada.fails(glovebox.KindConflict, "", "POST", "/v1/me/passkeys/"+last+"/remove", wire.SignedRequest{Signature: ada.sign("passkey.remove", last, nil)})
	ada.fails(glovebox.KindNotFound, "", "PATCH", "/v1/me/passkeys/"+k.ID, wire.RenameRequest{Name: "x"})

	var codes wire.RecoveryCodes
	ada.get(200, "POST", "/v1/me/recovery-codes", wire.SignedRequest{Signature: ada.sign("recovery.codes", "", nil)}, &codes)
	if len(codes.Codes) != 10 {
		s.t.Errorf("codes: %v", codes)
	}
	lost := s.stranger()
	var in wire.Login
	a := lost.get(200, "POST", "/v1/login/code", wire.CodeLoginRequest{Code: strings.ToUpper(codes.Codes[3]), Device: "borrowed"}, &in)
	if c := a.Cookies()[0]; in.Session.Kind != "recovery" || c.MaxAge != 900 {
		s.t.Errorf("recovery: %+v, %v", in, c)
	}
	lost.fails(glovebox.KindDenied, "", "GET", "/v1/me", nil)
	lost.fails(glovebox.KindDenied, "", "POST", "/v1/step-up/begin", `{"action":"passkey.add","parameters":{"name":"x"}}`)
	lost.device = s.newDevice()
	lost.get(200, "POST", "/v1/me/passkeys/begin", wire.AddPasskeyRequest{Name: "new phone"}, &c)
	if a := lost.get(201, "POST", "/v1/me/passkeys/finish", wire.Answer{ID: c.ID, Response: lost.register(c)}, nil); a.Cookies()[0].MaxAge != -1 {
		s.t.Error("the recovery session's cookie stays")
	}
	s.stranger().refuses("code used before", "POST", "/v1/login/code", wire.CodeLoginRequest{Code: codes.Codes[3]})
	if a := lost.login(); a.StatusCode != 200 {
		s.t.Fatalf("login with the new passkey: %s", a.body)
	}

	var sessions wire.SessionList
	lost.get(200, "GET", "/v1/me/sessions", nil, &sessions)
	current := slices.DeleteFunc(slices.Clone(sessions.Sessions), func(v wire.Session) bool { return !v.Current })
	if len(sessions.Sessions) != 2 || len(current) != 1 || current[0].Name != "a browser" {
		s.t.Errorf("sessions: %+v", sessions)
	}
	lost.get(204, "DELETE", "/v1/me/sessions/"+ada.me().Session.ID, nil, nil)
	ada.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)
	lost.get(204, "DELETE", "/v1/me/sessions", nil, nil)
	lost.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)
	ada.device = first
	a = ada.login()
	if a.StatusCode != 200 {
		s.t.Fatalf("login: %s", a.body)
	}
	want := "; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax"
	if got := a.Header.Get("Set-Cookie"); !strings.HasPrefix(got, "__Host-glovebox=ses_") || !strings.HasSuffix(got, want) {
		s.t.Errorf("cookie %q", got)
	}
}

// programs: the CLI gets a token by a code and by a device's code.
func (s *site) programs(ada *visitor) {
	s.t.Helper()
	const verifier, redirect = "0123456789012345678901234567890123456789abc", "http://127.0.0.1:5000/back"
	sum := sha256.Sum256([]byte(verifier))
	ask := wire.CLICodeRequest{Challenge: base64.RawURLEncoding.EncodeToString(sum[:]), RedirectURI: redirect, Name: "cli on host"}
	var code wire.CLICode
	ada.get(200, "POST", "/v1/me/cli-codes", ask, &code)
	cli := s.program()
	var t wire.Token
	cli.get(200, "POST", "/v1/token", wire.TokenRequest{GrantType: wire.GrantCode, Code: code.Code, CodeVerifier: verifier, RedirectURI: redirect}, &t)
	if t.TokenType != "DPoP" || t.Session.Kind != "key" || t.Session.Name != "cli on host" || !t.ExpiresAt.Equal(s.clock().Add(15*time.Minute)) {
		s.t.Errorf("token: %+v", t)
	}
	cli.token = t.AccessToken
	if me := cli.me(); me.DisplayName != "Ada" || me.Session.Kind != "key" {
		s.t.Errorf("me: %+v", me)
	}
	s.pass(20 * time.Minute)
	cli.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)
	cli.token = ""
	cli.get(200, "POST", "/v1/token", wire.TokenRequest{GrantType: wire.GrantRefresh, Session: t.Session.ID}, &t)
	cli.token = t.AccessToken
	cli.me()

	device := s.program()
	var d wire.Device
	device.get(200, "POST", "/v1/device", wire.DeviceRequest{Name: "build-7"}, &d)
	if d.VerificationURL != siteURL+"/device" || d.Interval != 5 || !d.ExpiresAt.Equal(s.clock().Add(5*time.Minute)) {
		s.t.Errorf("device: %+v", d)
	}
	poll := wire.TokenRequest{GrantType: wire.GrantDevice, DeviceCode: d.DeviceCode}
	for _, kind := range []glovebox.Kind{glovebox.KindUnavailable, glovebox.KindTooMany} {
		if a := device.call("POST", "/v1/token", poll); a.StatusCode != kind.Info().Status || a.Header.Get("Retry-After") != "5" {
			s.t.Errorf("poll: %d %v %s", a.StatusCode, a.Header, a.body)
		}
	}
	var shown wire.DeviceInfo
	path := "/v1/me/devices/" + strings.ToLower(d.UserCode)
	ada.get(200, "GET", path, nil, &shown)
	if shown.Name != "build-7" || shown.From != "192.0.2.7" || !shown.Until.Equal(d.ExpiresAt) {
		s.t.Errorf("shown: %+v", shown)
	}
	signed := ada.sign(shown.Operation.Action, shown.Operation.Resource, shown.Operation.Parameters)
	ada.get(204, "POST", path+"/approve", wire.SignedRequest{Signature: signed}, nil)
	s.pass(5 * time.Second)
	device.get(200, "POST", "/v1/token", poll, &t)
	device.token = t.AccessToken
	if me := device.me(); me.Subject != ada.me().Subject || me.Session.Name != "build-7" {
		s.t.Errorf("me: %+v", me)
	}
	device.get(204, "POST", "/v1/me/logout", nil, nil)
	device.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)
}

// workload: a CI job is let in by a rule, for what the rule says.
func (s *site) workload(ada *visitor) {
	s.t.Helper()
	rule := wire.RuleRequest{Name: "app", Issuer: ciURL, Audience: siteURL, Claims: s.ci.Claims(), Actions: []string{"job.read", "self.read"}, Seconds: 600}
	ada.fails(glovebox.KindApproval, "signature", "POST", "/v1/rules", rule)
	rule.Signature = ada.sign("rule.write", "", pair{"name": rule.Name, "issuer": rule.Issuer, "audience": rule.Audience, "claims": rule.Claims,
		"actions": rule.Actions, "seconds": rule.Seconds})
	var made wire.Rule
	ada.get(201, "POST", "/v1/rules", rule, &made)
	var all wire.RuleList
	if ada.get(200, "GET", "/v1/rules", nil, &all); len(all.Rules) != 1 || all.Rules[0].ID != made.ID || all.Rules[0].By != ada.me().Name {
		s.t.Errorf("rules: %+v", all)
	}
	ci := s.program()
	subject := s.ci.Token(s.clock(), siteURL, nil)
	var t wire.Token
	ci.get(200, "POST", "/v1/token", wire.TokenRequest{GrantType: wire.GrantExchange, Rule: made.ID, SubjectToken: subject}, &t)
	s.program().refuses("token used before", "POST", "/v1/token", wire.TokenRequest{GrantType: wire.GrantExchange, Rule: made.ID, SubjectToken: subject})
	ci.token = t.AccessToken
	me := ci.me()
	if me.Kind != "workload" || me.DisplayName != "app" || me.Role != "" || me.Subject != made.ID || len(me.NeedSignature) != 0 ||
		!slices.Equal(me.Actions, []string{"job.read", "self.read", "session.leave"}) {
		s.t.Errorf("me: %+v", me)
	}
	var keys wire.PasskeyList
	if ci.get(200, "GET", "/v1/me/passkeys", nil, &keys); len(keys.Passkeys) != 0 {
		s.t.Errorf("a workload has passkeys: %+v", keys)
	}
	ci.fails(glovebox.KindDenied, "", "POST", "/v1/me/passkeys/begin", wire.AddPasskeyRequest{Name: "x"})
	ada.get(204, "POST", "/v1/rules/"+made.ID+"/remove", wire.SignedRequest{Signature: ada.sign("rule.remove", made.ID, nil)}, nil)
	ci.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)

	var set wire.JWKS
	if a := s.stranger().get(200, "GET", "/.well-known/jwks.json", nil, &set); len(set.Keys) == 0 || strings.Contains(string(a.body), `"d":`) {
		s.t.Errorf("keys: %s", a.body)
	}
}

// TestRecoverOnTheHost: root lets somebody back in who lost everything.
func TestRecoverOnTheHost(t *testing.T) {
	s := newSite(t)
	ada, root := s.admin(acme), s.operator(0)
	var all wire.PersonList
	root.get(200, "GET", "/v1/host/people", nil, &all)
	if len(all.People) != 1 || all.People[0].Tenant != acme || all.People[0].Name != "Ada" {
		t.Errorf("people: %+v", all)
	}
	var l wire.HostLink
	root.get(201, "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "recover", Person: all.People[0].ID}, &l)
	back := s.enrol(l.URL, "")
	if back.me().Subject != all.People[0].ID {
		t.Errorf("another person came back")
	}
	ada.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)

	for _, v := range []*visitor{back, s.operator(1000)} {
		v.fails(glovebox.KindDenied, "", "GET", "/v1/host/people", nil)
		v.fails(glovebox.KindDenied, "", "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "first_admin", Tenant: "other"})
	}
	s.stranger().fails(glovebox.KindUnauthorized, "", "GET", "/v1/host/people", nil)
	root.fails(glovebox.KindInvalid, "purpose", "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "invite"})
	root.fails(glovebox.KindInvalid, "person", "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "first_admin", Person: "per_x"})
	root.fails(glovebox.KindInvalid, "tenant", "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "recover", Tenant: acme})
	root.fails(glovebox.KindInvalid, "tenant", "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "first_admin", Tenant: "../x"})
	for _, id := range []string{"", "ada", "per_00000000000000000000"} {
		root.fails(glovebox.KindNotFound, "person", "POST", "/v1/host/links", wire.HostLinkRequest{Purpose: "recover", Person: id})
	}
}

// TestOperatorIsSomebody: at the local socket there is a caller without a
// session.
func TestOperatorIsSomebody(t *testing.T) {
	s := newSite(t)
	root := s.operator(0)
	me := root.me()
	if me.Kind != "operator" || me.Name != "uid:0" || me.DisplayName != "uid:0" || me.Role != "admin" || me.Session != nil || len(me.NeedSignature) != 0 ||
		!slices.Contains(me.Actions, "host.link") {
		t.Errorf("me: %+v", me)
	}
	for _, path := range []string{"/v1/me/sessions", "/v1/me/passkeys", "/v1/people"} {
		if a := root.get(http.StatusOK, "GET", path, nil, nil); !strings.Contains(string(a.body), ":[]}") {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	root.fails(glovebox.KindDenied, "", "POST", "/v1/me/logout", nil)
	root.fails(glovebox.KindDenied, "", "POST", "/v1/step-up/begin", `{"action":"policy.change"}`)
	if s.operator(1000).me().Role != "developer" {
		t.Error("another user is more than a developer")
	}
}
