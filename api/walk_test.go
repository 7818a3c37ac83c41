package api_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/api/apitest"
	"glovebox/api/wire"
	"glovebox/blob/memory"
	"glovebox/output"
	"glovebox/secret"
	"glovebox/template"
	"glovebox/tenant"
)

// newWholeSite is a site with every route there is.
func newWholeSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.handler = api.NewHandler(api.Config{
		Service: apitest.NewService(), Images: &apitest.Images{}, Logs: output.New(memory.New()),
		Auth: s.authenticate, Allow: s.ids.Authorize, Identity: s.ids, PublicURL: siteURL, Now: s.clock,
		Audit: s.store, Records: s.store, Approvals: s.ids, Tenants: tenant.Open(s.store, s.clock), Rates: unlimited,
		Files: &apitest.Files{}, Pools: somePools{}, Templates: template.Open(s.store, anyImage{}, s.clock),
		Secrets: secret.Open(s.store, secretKeys(t), s.clock), Receipts: receiptsOf(t),
	})
	s.doc = parseDocument(t, s.do(httptest.NewRequest("GET", "/openapi.json", nil)).body)
	return s
}

// walker is somebody who tries every route.
type walker struct {
	name    string
	who     func() *visitor // anew for each try, as some routes end sessions
	may     func(route) bool
	foreign bool // of another tenant
}

// tenantOf fills a tenant with one of everything, and returns what stands for
// what in routes, and texts that nobody else may see.
func tenantOf(t *testing.T, ada *visitor) map[string]string {
	t.Helper()
	var job wire.Job
	ada.get(202, "POST", "/v1/jobs", pair{"containerImage": "acme:1", "labels": pair{"canary": "acme-label"}}, &job)
	bob := ada.invites("Bob of acme", "viewer")
	var invited wire.Invited
	ada.get(201, "POST", "/v1/invitations", wire.InviteRequest{Name: "Zoe of acme", Role: "viewer",
		Signature: ada.sign("person.invite", "", pair{"name": "Zoe of acme", "role": "viewer"})}, &invited)
	var approval wire.Approval
	ada.get(201, "POST", "/v1/approvals", pair{"spec": pair{"containerImage": "acme:1" + someDigest, "runtime": "runc"}}, &approval)
	var keys wire.PasskeyList
	bob.get(200, "GET", "/v1/me/passkeys", nil, &keys)
	ada.get(200, "POST", "/v1/images/pull", pair{"name": "acme:1"}, nil)
	ada.get(201, "POST", "/v1/templates", pair{"name": "warm-acme", "image": "acme:1"}, nil)
	return map[string]string{
		"{job}": job.ID, "{person}": bob.me().Subject, "{session}": bob.me().Session.ID, "{invitation}": invited.Invitation.ID,
		"{approval}": approval.ID, "{passkey}": keys.Passkeys[0].ID, "{rule}": ada.rule().ID,
		"{template}": "warm-acme", "{secret}": ada.secret("KEY_of_acme"), "{file}": ada.file("only acme has this"),
	}
}

// file hands one over and returns its digest.
func (v *visitor) file(content string) string {
	v.t.Helper()
	r := v.request("POST", "/v1/files", content)
	r.Header.Set("Content-Type", "application/octet-stream")
	a := v.do(r)
	var f wire.File
	if err := json.Unmarshal(a.body, &f); err != nil || a.StatusCode != http.StatusOK {
		v.t.Fatalf("%d %s, %v", a.StatusCode, a.body, err)
	}
	return f.Digest
}

// rule has v let every CI job of one repository do all that one can.
func (v *visitor) rule() wire.Rule {
	v.t.Helper()
	r := wire.RuleRequest{Name: "app of acme", Issuer: ciURL, Audience: siteURL, Claims: v.ci.Claims(), Seconds: 600,
		Actions: []string{"job.read", "job.submit", "job.cancel", "image.read", "image.add", "self.read"}}
	r.Signature = v.sign("rule.write", "", pair{"name": r.Name, "issuer": r.Issuer, "audience": r.Audience, "claims": r.Claims,
		"actions": r.Actions, "seconds": r.Seconds})
	var made wire.Rule
	v.get(201, "POST", "/v1/rules", r, &made)
	return made
}

// TestWalk tries every route as everybody: nobody, each role of the tenant, a
// CI job, who has proven a recovery code alone, the operator, and an admin of
// another tenant, to whom what acme has must be as what nobody has.
func TestWalk(t *testing.T) {
	s := newWholeSite(t)
	ada, ola := s.admin(acme), s.admin("other")
	dave, vera := ada.invites("Dave", "developer"), ada.invites("Vera", "viewer")
	things := tenantOf(t, ada)
	codes := ada.recoveryCodes()
	again := func(v *visitor) func() *visitor {
		return func() *visitor { fresh := *v; fresh.login(); v.device = fresh.device; return &fresh }
	}
	rank := func(l least) func(route) bool { return func(r route) bool { return r.least <= l } }
	for _, w := range []walker{
		{name: "nobody", who: s.stranger, may: rank(anybody)},
		{name: "recovering", who: func() *visitor {
			if len(codes) == 0 {
				codes = ada.recoveryCodes()
			}
			v := s.stranger()
			v.get(200, "POST", "/v1/login/code", wire.CodeLoginRequest{Code: codes[0]}, nil)
			codes = codes[1:]
			return v
		}, may: rank(recovery)},
		{name: "viewer", who: again(vera), may: rank(viewer)},
		{name: "developer", who: again(dave), may: rank(developer)},
		{name: "admin", who: again(ada), may: rank(admin)},
		{name: "workload", who: func() *visitor { return s.ciJob(things["{rule}"]) }, may: func(r route) bool { return r.least == anybody || r.workload }},
		{name: "operator", who: func() *visitor { return s.operator(0) }, foreign: true, may: func(r route) bool {
			return r.least == anybody || r.least == root || r.operator
		}},
		{name: "other user", who: func() *visitor { return s.operator(1000) }, foreign: true, may: func(r route) bool {
			return r.least == anybody || r.operator && r.least <= developer
		}},
		{name: "foreign admin", who: again(ola), foreign: true, may: rank(admin)},
	} {
		t.Run(w.name, func(t *testing.T) {
			for _, name := range slices.Sorted(maps.Keys(walked)) {
				s.step(t, w, name, walked[name], things)
			}
		})
	}
	for path, ops := range s.doc.paths {
		for method := range ops {
			if _, ok := walked[strings.ToUpper(method)+" "+path]; !ok {
				t.Errorf("nobody has said who may %s %s", strings.ToUpper(method), path)
			}
		}
	}
	tally.routes(len(walked))
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// step is one try.
func (s *site) step(t *testing.T, w walker, name string, r route, things map[string]string) {
	t.Helper()
	method, _, _ := strings.Cut(name, " ")
	try := func(fill func(string) string) (answer, wire.Problem) {
		v := w.who()
		var body any
		if r.body != "" {
			body = r.body
		}
		req := v.request(method, placeholder.ReplaceAllStringFunc(r.path, fill), body)
		if r.body == "tar" {
			req.Header.Set("Content-Type", "application/x-tar")
		}
		patience := time.Minute
		if strings.HasSuffix(r.path, "/events") { // which go on until the job has ended
			patience = 300 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(req.Context(), patience)
		defer cancel()
		a := s.leave(req.WithContext(ctx))
		var p wire.Problem
		if a.StatusCode >= 400 {
			if err := json.Unmarshal(a.body, &p); err != nil {
				t.Errorf("%s: %v in %s", name, err, a.body)
			}
		}
		p.RequestID = ""
		return a, p
	}
	refusals := s.refusals()
	a, p := try(func(which string) string { return things[which] })
	switch {
	case a.StatusCode >= 500 && p.Kind != glovebox.KindUnavailable:
		t.Errorf("%s: %s", name, a.body)
	case r.least == anybody || r.proof && w.may(r):
		if p.Kind == glovebox.KindDenied {
			t.Errorf("%s: %s", name, a.body)
		}
	case w.name == "nobody":
		if p.Kind != glovebox.KindUnauthorized || p.Detail != "not authenticated" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	case !w.may(r):
		if p.Kind != glovebox.KindDenied {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
		if s.refusals() <= refusals {
			t.Errorf("%s: the refusal is not in the audit log", name)
		}
	case p.Kind == glovebox.KindDenied || p.Kind == glovebox.KindUnauthorized:
		t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
	}
	if w.foreign && w.may(r) && !r.own && r.least != root {
		s.apart(t, name, r, a, p, try, things)
	}
}

// leave is do for a caller who does not wait for the end of a stream.
func (s *site) leave(r *http.Request) answer {
	s.t.Helper()
	w := httptest.NewRecorder()
	broke := new(generator).send(s.handler, w, r)
	a := answer{w.Result(), w.Body.Bytes()}
	if !broke {
		s.doc.check(s.t, r, a)
	}
	return a
}

// apart fails if somebody of another tenant can tell acme's things from what is
// not there, or sees any of them.
func (s *site) apart(t *testing.T, name string, r route, a answer, p wire.Problem, try func(func(string) string) (answer, wire.Problem), things map[string]string) {
	t.Helper()
	leaked := r.path == "/v1/audit" && strings.Contains(string(a.body), `"tenant":"acme"`)
	if leaked {
		t.Errorf("%s: a foreigner sees %s", name, a.body)
	}
	for _, text := range append(slices.Collect(maps.Values(things)), "of acme", "acme-label", "acme:1") {
		// A foreigner's own log has what they tried themselves.
		if strings.Contains(string(a.body), text) && !strings.Contains(r.path, "acme:1") && r.path != "/v1/audit" {
			leaked = true
			t.Errorf("%s: a foreigner sees %q in %s", name, text, a.body)
		}
	}
	if placeholder.MatchString(r.path) {
		_, missing := try(func(which string) string { return nobodys(things[which]) })
		if p.Status != 404 && p.Status != 403 || missing != p {
			leaked = true
			t.Errorf("%s: another tenant's: %+v, nobody's: %+v", name, p, missing)
		}
	}
	if leaked {
		tally.leak()
	}
}

// nobodys is an id of the same form that nothing has.
func nobodys(id string) string {
	last := byte('0')
	if id[len(id)-1] == last {
		last = '1'
	}
	return id[:len(id)-1] + string(last)
}

// recoveryCodes makes v's anew.
func (v *visitor) recoveryCodes() []string {
	v.t.Helper()
	var made wire.RecoveryCodes
	v.login()
	v.get(200, "POST", "/v1/me/recovery-codes", wire.SignedRequest{Signature: v.sign("recovery.codes", "", nil)}, &made)
	return made.Codes
}

// ciJob is a CI job that was let in by a rule.
func (s *site) ciJob(rule string) *visitor {
	s.t.Helper()
	v := s.program()
	var made wire.Token
	v.get(200, "POST", "/v1/token", wire.TokenRequest{GrantType: wire.GrantExchange, Rule: rule, SubjectToken: s.ci.Token(s.clock(), siteURL, nil)}, &made)
	v.token = made.AccessToken
	return v
}
