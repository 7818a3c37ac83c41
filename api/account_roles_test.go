package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
)

// cast is one caller of each kind that there can be, and what identity says
// they may do.
func (s *site) cast() map[string]*visitor {
	s.t.Helper()
	ada := s.admin(acme)
	all := map[string]*visitor{
		"admin": ada, "developer": ada.invites("Dev", "developer"), "viewer": ada.invites("Vera", "viewer"),
		"root": s.operator(0), "operator": s.operator(1000), "recovery": s.stranger(), "workload": s.program(),
	}
	var codes wire.RecoveryCodes
	ada.get(200, "POST", "/v1/me/recovery-codes", wire.SignedRequest{Signature: ada.sign("recovery.codes", "", nil)}, &codes)
	all["recovery"].get(200, "POST", "/v1/login/code", wire.CodeLoginRequest{Code: codes.Codes[0]}, nil)
	rule := wire.RuleRequest{Name: "app", Issuer: ciURL, Audience: siteURL, Claims: s.ci.Claims(), Actions: []string{"self.read", "job.submit"}, Seconds: 600}
	rule.Signature = ada.sign("rule.write", "", pair{"name": rule.Name, "issuer": rule.Issuer, "audience": rule.Audience, "claims": rule.Claims,
		"actions": rule.Actions, "seconds": rule.Seconds})
	var made wire.Rule
	ada.get(201, "POST", "/v1/rules", rule, &made)
	var t wire.Token
	ci := all["workload"]
	ci.get(200, "POST", "/v1/token", wire.TokenRequest{GrantType: wire.GrantExchange, Rule: made.ID, SubjectToken: s.ci.Token(s.clock(), siteURL, nil)}, &t)
	ci.token = t.AccessToken
	return all
}

// caller is who identity takes v for.
func (v *visitor) caller() identity.Caller {
	v.t.Helper()
	c, err := v.authenticate(v.request("GET", "/v1/me", nil))
	if err != nil {
		v.t.Fatal(err)
	}
	return c
}

// TestAccountRoutesByRole walks every route of identity with every kind of
// caller, nobody included: who may not do what the document says that the route
// does is refused before anything is looked at, and the refusal is audited.
func TestAccountRoutesByRole(t *testing.T) {
	s := newSite(t)
	cast := s.cast()
	routes := 0
	for path, ops := range s.doc.paths {
		for method, op := range ops {
			action := identity.Action(op.Action)
			if action == "" || !ours(path) {
				continue
			}
			routes++
			method, path := strings.ToUpper(method), strings.NewReplacer("{id}", "nobody", "{code}", "BBBB-BBBB").Replace(path)
			var body any
			if method == http.MethodPost || method == http.MethodPatch {
				body = "{}"
			}
			s.stranger().fails(glovebox.KindUnauthorized, "", method, path, body)
			if op.OperationID == "logout" || op.OperationID == "endSessions" || op.OperationID == "beginStepUp" || op.OperationID == "getPerson" {
				continue // below: they end the caller's session, or decide by what is asked for
			}
			for name, v := range cast {
				told := s.refusals()
				a := v.do(v.request(method, path, body))
				var p wire.Problem
				_ = json.Unmarshal(a.body, &p) // an answer is no problem, and has no kind
				denied := p.Kind == glovebox.KindDenied
				if may := v.caller().Allowed(action); denied == may {
					t.Errorf("%s: %s may %v: %d %s", op.OperationID, name, may, a.StatusCode, a.body)
				}
				if denied && s.refusals() != told+1 {
					t.Errorf("%s: %s is refused and nobody hears of it", op.OperationID, name)
				}
			}
		}
	}
	if routes < 25 {
		t.Errorf("only %d routes were walked", routes)
	}
	for name, v := range cast {
		want := map[bool]int{true: http.StatusNotFound, false: http.StatusForbidden}[v.caller().Allowed(identity.ActionPersonRead)]
		if a := v.do(v.request("GET", "/v1/people/per_00000000000000000000", nil)); a.StatusCode != want {
			t.Errorf("getPerson: %s: %d %s", name, a.StatusCode, a.body)
		}
		if name == "root" || name == "operator" {
			v.fails(glovebox.KindDenied, "", "DELETE", "/v1/me/sessions", nil)
			v.fails(glovebox.KindDenied, "", "POST", "/v1/me/logout", nil)
			continue
		}
		if name == "recovery" || name == "workload" {
			v.fails(glovebox.KindDenied, "", "DELETE", "/v1/me/sessions", nil)
		}
		v.get(http.StatusNoContent, "POST", "/v1/me/logout", nil, nil)
		v.fails(glovebox.KindUnauthorized, "", "GET", "/v1/me", nil)
	}
}

// ours says whether a path is one of identity's.
func ours(path string) bool {
	for _, prefix := range []string{"/v1/me", "/v1/people", "/v1/invitations", "/v1/rules", "/v1/step-up", "/v1/host/people", "/v1/host/links"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// TestStepUpByRole: nobody is asked to sign what they may not do anyway.
func TestStepUpByRole(t *testing.T) {
	s := newSite(t)
	for name, v := range s.cast() {
		c := v.caller()
		for _, a := range identity.Actions() {
			want := http.StatusForbidden
			if c.Kind == identity.PrincipalPerson && c.Session.Kind != identity.SessionRecovery && c.Allowed(a) {
				want = http.StatusOK
			}
			body := pair{"action": a, "resource": "x"}
			if a == identity.ActionRuleWrite { // the one whose parameters are looked at before
				body["parameters"] = pair{"name": "app", "issuer": ciURL, "audience": siteURL, "claims": s.ci.Claims(), "actions": []string{"job.read"}, "seconds": 600}
			}
			if got := v.call("POST", "/v1/step-up/begin", body); got.StatusCode != want {
				t.Errorf("%s: %s: %d %s", name, a, got.StatusCode, got.body)
			}
		}
	}
}

// TestInvitationsHaveACeiling: nobody invites somebody above themselves, and
// an invitation lasts no longer than its author could invite.
func TestInvitationsHaveACeiling(t *testing.T) {
	s := newSite(t)
	ada := s.admin(acme)
	dev := ada.invites("Dev", "developer")
	invite := func(role string) wire.InviteRequest {
		return wire.InviteRequest{Name: "Bob", Role: role, Signature: dev.sign("person.invite", "", pair{"name": "Bob", "role": role})}
	}
	dev.fails(glovebox.KindDenied, "", "POST", "/v1/invitations", invite("admin"))
	var made wire.Invited
	dev.get(201, "POST", "/v1/invitations", invite("developer"), &made)
	other := ada.invites("Other", "developer")
	if a := other.get(200, "GET", "/v1/invitations", nil, nil); strings.Contains(string(a.body), made.Invitation.ID) {
		t.Errorf("a colleague sees it: %s", a.body)
	}
	other.fails(glovebox.KindNotFound, "", "DELETE", "/v1/invitations/"+made.Invitation.ID, nil)
	id := dev.me().Subject
	ada.get(204, "POST", fmt.Sprintf("/v1/people/%s/role", id),
		wire.RoleRequest{Role: "viewer", Signature: ada.sign("person.role", id, pair{"role": "viewer"})}, nil)
	s.stranger().refuses("author lost the role", "POST", "/v1/links/inspect", wire.LinkRequest{Token: after(made.URL, "#")})
}
