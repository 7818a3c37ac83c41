package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity/identitytest"
)

// TestAccountInput: what is wrong with the form of a request is told by the
// field, and nothing is made of it.
func TestAccountInput(t *testing.T) {
	s := newSite(t)
	ada := s.admin(acme)
	stranger, program := s.stranger(), s.program()
	long := strings.Repeat("x", 101)
	before := s.documents()
	for _, c := range []struct {
		v            *visitor
		kind         glovebox.Kind
		field        string
		method, path string
		body         any
	}{
		{stranger, glovebox.KindMediaType, "", "POST", "/v1/login/begin", nil},
		{stranger, glovebox.KindUnknownField, "x", "POST", "/v1/login/begin", `{"x":1}`},
		{stranger, glovebox.KindUnknownField, "x", "POST", "/v1/login/begin?x=1", `{}`},
		{stranger, glovebox.KindTooLarge, "", "POST", "/v1/login/finish", `{"id":"` + strings.Repeat("x", 128<<10) + `"}`},
		{stranger, glovebox.KindMalformed, "response.authenticatorAttachment", "POST", "/v1/login/finish", `{"id":"x","response":{"authenticatorAttachment":null}}`},
		{stranger, glovebox.KindDuplicateField, "response.id", "POST", "/v1/login/finish", `{"id":"x","response":{"id":"x","id":"y"}}`},
		{stranger, glovebox.KindMalformed, "", "POST", "/v1/login/finish", `{"id":"x","response":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}`},
		{stranger, glovebox.KindInvalid, "device", "POST", "/v1/login/finish", wire.LoginRequest{ID: "x", Response: json.RawMessage("{}"), Device: "a\nb"}},
		{stranger, glovebox.KindInvalid, "device", "POST", "/v1/login/code", wire.CodeLoginRequest{Code: "x", Device: long}},
		{stranger, glovebox.KindInvalid, "passkey", "POST", "/v1/links/begin", `{"token":"x"}`},
		{stranger, glovebox.KindMalformed, "token", "POST", "/v1/links/inspect", `{"token":1}`},
		{stranger, glovebox.KindMethod, "", "GET", "/v1/login/begin", nil},
		{program, glovebox.KindInvalid, "grantType", "POST", "/v1/token", `{"grantType":"password"}`},
		{program, glovebox.KindInvalid, "codeVerifier", "POST", "/v1/token", `{"grantType":"authorization_code","code":"x"}`},
		{program, glovebox.KindInvalid, "session", "POST", "/v1/token", `{"grantType":"authorization_code","code":"x","codeVerifier":"x","redirectURI":"x","session":"x"}`},
		{program, glovebox.KindInvalid, "session", "POST", "/v1/token", `{"grantType":"refresh"}`},
		{program, glovebox.KindInvalid, "name", "POST", "/v1/device", `{"name":""}`},
		{program, glovebox.KindInvalid, "name", "POST", "/v1/device", wire.DeviceRequest{Name: "\x1b[2J"}},
		{ada, glovebox.KindInvalid, "challenge", "POST", "/v1/me/cli-codes", wire.CLICodeRequest{Challenge: "short", RedirectURI: "http://127.0.0.1:1/", Name: "x"}},
		{ada, glovebox.KindInvalid, "redirectURI", "POST", "/v1/me/cli-codes", wire.CLICodeRequest{Challenge: strings.Repeat("x", 43), RedirectURI: "http://localhost:1/", Name: "x"}},
		{ada, glovebox.KindInvalid, "redirectURI", "POST", "/v1/me/cli-codes", wire.CLICodeRequest{Challenge: strings.Repeat("x", 43), RedirectURI: "https://evil.example/", Name: "x"}},
		{ada, glovebox.KindInvalid, "name", "POST", "/v1/me/cli-codes", wire.CLICodeRequest{Challenge: strings.Repeat("x", 43), RedirectURI: "http://127.0.0.1:1/", Name: long}},
		{ada, glovebox.KindInvalid, "name", "POST", "/v1/me/passkeys/begin", `{"name":""}`},
		{ada, glovebox.KindApproval, "signature", "POST", "/v1/me/passkeys/begin", `{"name":"x"}`},
		{ada, glovebox.KindApproval, "signature", "POST", "/v1/me/recovery-codes", `{}`},
		{ada, glovebox.KindApproval, "signature", "POST", "/v1/invitations", wire.InviteRequest{Name: "Bob", Role: "viewer"}},
		{ada, glovebox.KindInvalid, "role", "POST", "/v1/invitations", wire.InviteRequest{Name: "Bob", Role: "king"}},
		{ada, glovebox.KindInvalid, "name", "POST", "/v1/invitations", wire.InviteRequest{Name: long, Role: "viewer"}},
		{ada, glovebox.KindInvalid, "claims", "POST", "/v1/rules", wire.RuleRequest{Name: "x", Issuer: ciURL, Audience: siteURL, Claims: map[string]string{}, Actions: []string{"job.read"}, Seconds: 1}},
		{ada, glovebox.KindInvalid, "seconds", "POST", "/v1/rules", wire.RuleRequest{Name: "x", Issuer: ciURL, Audience: siteURL, Claims: s.ci.Claims(), Actions: []string{"job.read"}, Seconds: 901}},
		{ada, glovebox.KindDenied, "", "POST", "/v1/step-up/begin", `{"action":"made.up"}`},
		{ada, glovebox.KindDenied, "", "POST", "/v1/step-up/begin", `{"action":"host.link"}`},
		{ada, glovebox.KindMalformed, "parameters.x", "POST", "/v1/step-up/begin", `{"action":"passkey.add","parameters":{"x":null}}`},
		{ada, glovebox.KindTooLarge, "parameters", "POST", "/v1/step-up/begin", pair{"action": "passkey.add", "parameters": pair{"x": strings.Repeat("x", 70<<10)}}},
		{ada, glovebox.KindMalformed, "", "GET", "/v1/me", `{}`},
		{ada, glovebox.KindUnknownField, "limit", "GET", "/v1/people?limit=1", nil},
	} {
		c.v.fails(c.kind, c.field, c.method, c.path, c.body)
	}
	r := stranger.request("POST", "/v1/login/begin", "{}")
	r.Header.Set("Content-Type", "text/plain")
	if a := s.do(r); a.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("another content type: %d", a.StatusCode)
	}
	for key, v := range s.documents() {
		if before[key] != v {
			t.Errorf("changed: %s", key)
		}
	}
}

// TestRefusedStrangers: guesses of links, codes and tokens, and proofs that are
// for something else.
func TestRefusedStrangers(t *testing.T) {
	s := newSite(t)
	ada := s.admin(acme)
	var invited wire.Invited
	ada.get(201, "POST", "/v1/invitations", wire.InviteRequest{Name: "Bob", Role: "viewer",
		Signature: ada.sign("person.invite", "", pair{"name": "Bob", "role": "viewer"})}, &invited)
	token := after(invited.URL, "#")
	for name, guess := range map[string]string{
		"no link": "", "nonsense": "x", "another id": "lnk_00000000000000000000." + after(token, "."), "long": strings.Repeat("x", 100_000),
		"another secret": token[:len(token)-4] + "AAAA", "path": "../../x." + after(token, "."),
	} {
		s.stranger().refuses(name, "POST", "/v1/links/inspect", wire.LinkRequest{Token: guess})
		s.stranger().refuses(name, "POST", "/v1/links/begin", wire.EnrolRequest{Token: guess, Passkey: "x"})
	}
	for name, guess := range map[string]string{"no code": "", "wrong code": "0000-0000-0000-0000", "long": strings.Repeat("0", 1000)} {
		s.stranger().refuses(name, "POST", "/v1/login/code", wire.CodeLoginRequest{Code: guess})
	}
	s.stranger().get(200, "POST", "/v1/links/inspect", wire.LinkRequest{Token: token}, nil) // the control
	ada.refuses("device code", "GET", "/v1/me/devices/BBBB-BBBB", nil)
	ada.refuses("device code", "POST", "/v1/me/devices/BBBB-BBBB/approve", `{}`)

	// A session of a program, whose proofs go wrong one by one.
	cli := s.program()
	var d wire.Device
	cli.get(200, "POST", "/v1/device", wire.DeviceRequest{Name: "x"}, &d)
	var shown wire.DeviceInfo
	ada.get(200, "GET", "/v1/me/devices/"+d.UserCode, nil, &shown)
	ada.get(204, "POST", "/v1/me/devices/"+d.UserCode+"/approve",
		wire.SignedRequest{Signature: ada.sign(shown.Operation.Action, shown.Operation.Resource, shown.Operation.Parameters)}, nil)
	var held wire.Token
	cli.get(200, "POST", "/v1/token", wire.TokenRequest{GrantType: wire.GrantDevice, DeviceCode: d.DeviceCode}, &held)

	url := siteURL + "/v1/token"
	proof := func(change map[string]any) []string {
		return []string{cli.key.Proof(s.clock(), "POST", url, "", change)}
	}
	used := proof(nil)
	for _, c := range []struct {
		name  string
		proof []string
	}{
		{"no proof", nil}, {"two proofs", append(proof(nil), proof(nil)...)}, {"nonsense", []string{"x"}}, {"10 KB of dots", []string{strings.Repeat(".", 10<<10)}},
		{"another key", []string{identitytest.NewKey().Proof(s.clock(), "POST", url, "", nil)}},
		{"another method", proof(map[string]any{"htm": "GET"})}, {"another path", proof(map[string]any{"htu": siteURL + "/v1/device"})},
		{"another site", proof(map[string]any{"htu": "https://evil.example/v1/token"})}, {"old", proof(map[string]any{"iat": s.clock().Add(-2 * time.Minute).Unix()})},
		{"of the future", proof(map[string]any{"iat": s.clock().Add(time.Minute).Unix()})}, {"no id", proof(map[string]any{"jti": nil})},
		{"unsigned", []string{unsigned(used[0])}},
	} {
		refresh := &rawProof{s.stranger(), c.proof}
		refresh.refuses(c.name, wire.TokenRequest{GrantType: wire.GrantRefresh, Session: held.Session.ID})
	}
	first := &rawProof{s.stranger(), used}
	if a := first.send(wire.TokenRequest{GrantType: wire.GrantRefresh, Session: held.Session.ID}); a.StatusCode != http.StatusOK {
		t.Errorf("control: %s", a.body)
	}
	first.refuses("used before", wire.TokenRequest{GrantType: wire.GrantRefresh, Session: held.Session.ID})
	for name, session := range map[string]string{"a browser's": ada.me().Session.ID, "nobody's": "ses_x", "nonsense": "../x"} {
		(&rawProof{s.stranger(), proof(nil)}).refuses(name, wire.TokenRequest{GrantType: wire.GrantRefresh, Session: session})
	}

	// Tokens of the CI that are not what the rule wants: the whole list is
	// held against package identity; here, that the route tells as little.
	rule := wire.RuleRequest{Name: "app", Issuer: ciURL, Audience: siteURL, Claims: s.ci.Claims(), Actions: []string{"job.read"}, Seconds: 600}
	rule.Signature = ada.sign("rule.write", "", pair{"name": rule.Name, "issuer": rule.Issuer, "audience": rule.Audience, "claims": rule.Claims,
		"actions": rule.Actions, "seconds": rule.Seconds})
	var made wire.Rule
	ada.get(201, "POST", "/v1/rules", rule, &made)
	for name, change := range map[string]map[string]any{
		"fork":            {"repository_id": "999", "repository_owner_id": "888"},
		"look-alike name": {"repository": "acrne/app", "repository_id": "77"},
		"wrong audience":  {"aud": "https://other.example"},
		"pull request":    {"event_name": "pull_request"},
		"expired":         {"exp": s.clock().Add(-time.Second).Unix()},
		"another issuer":  {"iss": "https://evil.example"},
	} {
		s.program().refuses(name, "POST", "/v1/token",
			wire.TokenRequest{GrantType: wire.GrantExchange, Rule: made.ID, SubjectToken: s.ci.Token(s.clock(), siteURL, change)})
	}
	other := identitytest.NewIssuer(ciURL)
	s.program().refuses("another key", "POST", "/v1/token",
		wire.TokenRequest{GrantType: wire.GrantExchange, Rule: made.ID, SubjectToken: other.Token(s.clock(), siteURL, nil)})
	s.program().refuses("another rule", "POST", "/v1/token",
		wire.TokenRequest{GrantType: wire.GrantExchange, Rule: "rul_00000000000000000000", SubjectToken: s.ci.Token(s.clock(), siteURL, nil)})
	s.program().get(200, "POST", "/v1/token",
		wire.TokenRequest{GrantType: wire.GrantExchange, Rule: made.ID, SubjectToken: s.ci.Token(s.clock(), siteURL, nil)}, nil) // the control
}

// unsigned is a token whose header says that it needs no signature.
func unsigned(token string) string {
	parts := strings.Split(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"dpop+jwt"}`)) + "." + parts[1] + "."
}

// rawProof asks for a token with exactly these proofs.
type rawProof struct {
	*visitor
	proofs []string
}

func (p *rawProof) send(body any) answer {
	p.t.Helper()
	r := p.request("POST", "/v1/token", body)
	r.Header["Dpop"] = p.proofs
	return p.do(r)
}

func (p *rawProof) refuses(name string, body any) {
	p.t.Helper()
	failed, told := p.t.Failed(), p.refusals()
	defer func() { tally.refusal(failed || !p.t.Failed()) }()
	if a := p.send(body); a.StatusCode != http.StatusUnauthorized || !strings.Contains(string(a.body), `"not authenticated"`) {
		p.t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
	}
	if n := p.refusals() - told; n != 1 {
		p.t.Errorf("%s: audited %d times", name, n)
	}
}

// TestOptionsAreForBrowsers: they are what parseCreationOptionsFromJSON and
// parseRequestOptionsFromJSON take, and ask for what we insist on.
func TestOptionsAreForBrowsers(t *testing.T) {
	s := newSite(t)
	ada := s.admin(acme)
	var request struct {
		Challenge, RPID, UserVerification string
		AllowCredentials                  []struct{ ID, Type string }
	}
	var c wire.Challenge
	s.stranger().get(200, "POST", "/v1/login/begin", "{}", &c)
	if err := json.Unmarshal(c.Options, &request); err != nil {
		t.Fatal(err)
	}
	if request.RPID != siteRPID || request.UserVerification != "required" || len(request.Challenge) != 43 || len(request.AllowCredentials) != 0 {
		t.Errorf("login: %s", c.Options)
	}
	var up wire.StepUp
	ada.get(200, "POST", "/v1/step-up/begin", `{"action":"passkey.add","parameters":{"name":"phone"}}`, &up)
	if err := json.Unmarshal(up.Options, &request); err != nil {
		t.Fatal(err)
	}
	if len(request.AllowCredentials) != 1 || request.AllowCredentials[0].ID != ada.device.CredentialID() {
		t.Errorf("step-up: %s", up.Options)
	}
	var creation struct {
		RP   struct{ ID, Name string }
		User struct{ ID, Name, DisplayName string }

		Challenge, Attestation string
		PubKeyCredParams       []struct{ Alg int }
		ExcludeCredentials     []struct{ ID string }
		AuthenticatorSelection struct{ ResidentKey, UserVerification string }
	}
	ada.get(200, "POST", "/v1/me/passkeys/begin",
		wire.AddPasskeyRequest{Name: "phone", Signature: &wire.Signature{ID: up.ID, Response: ada.assert(up.Options)}}, &c)
	if err := json.Unmarshal(c.Options, &creation); err != nil {
		t.Fatal(err)
	}
	if handle, err := base64.RawURLEncoding.DecodeString(creation.User.ID); err != nil || len(handle) != 64 || creation.RP.ID != siteRPID ||
		creation.User.Name != "Ada" || creation.Attestation != "none" || len(creation.PubKeyCredParams) == 0 || len(creation.ExcludeCredentials) != 1 ||
		creation.AuthenticatorSelection.ResidentKey != "required" || creation.AuthenticatorSelection.UserVerification != "required" {
		t.Errorf("creation: %s", c.Options)
	}
	if strings.Contains(string(c.Options), "null") {
		t.Errorf("browsers do not take null: %s", c.Options)
	}
}

// TestAccountLogsHoldNoSecrets: not the cookie, nor links, codes and tokens,
// whether they are right or not.
func TestAccountLogsHoldNoSecrets(t *testing.T) {
	s := newSite(t)
	ada := s.admin(acme)
	var invited wire.Invited
	ada.get(201, "POST", "/v1/invitations", wire.InviteRequest{Name: "Bob", Role: "viewer",
		Signature: ada.sign("person.invite", "", pair{"name": "Bob", "role": "viewer"})}, &invited)
	token := after(invited.URL, "#")
	var codes wire.RecoveryCodes
	ada.get(200, "POST", "/v1/me/recovery-codes", wire.SignedRequest{Signature: ada.sign("recovery.codes", "", nil)}, &codes)
	cli := s.program()
	var d wire.Device
	cli.get(200, "POST", "/v1/device", wire.DeviceRequest{Name: "x"}, &d)
	secrets := []string{ada.cookie, after(ada.cookie, "."), token, after(token, "."), codes.Codes[0], d.DeviceCode, d.UserCode, "hunter2"}

	answers := []answer{
		s.stranger().call("POST", "/v1/links/inspect", wire.LinkRequest{Token: token + "hunter2"}),
		s.stranger().call("POST", "/v1/login/code", wire.CodeLoginRequest{Code: codes.Codes[0] + "hunter2"}),
		s.stranger().call("POST", "/v1/links/begin", wire.EnrolRequest{Token: token}),
		cli.call("POST", "/v1/token", wire.TokenRequest{GrantType: wire.GrantDevice, DeviceCode: d.DeviceCode + "hunter2"}),
		ada.call("GET", "/v1/me/devices/"+d.UserCode+"hunter2", nil),
		(&visitor{site: s, cookie: ada.cookie + "hunter2"}).call("GET", "/v1/me", nil),
	}
	for _, secret := range secrets {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("in the log: %s", secret)
		}
		for _, a := range answers {
			if a.StatusCode < 400 || strings.Contains(string(a.body), secret) {
				t.Errorf("%s: %d %s", a.Request.URL, a.StatusCode, a.body)
			}
		}
		for _, e := range s.events() {
			if b, err := json.Marshal(e); err != nil || strings.Contains(string(b), secret) {
				t.Errorf("audited: %s", b)
			}
		}
	}
	if !strings.Contains(s.log.String(), `route="POST /v1/links/inspect"`) {
		t.Errorf("nothing is logged at all: %s", s.log.String())
	}
}
