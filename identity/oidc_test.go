package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"maps"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"glovebox"
)

const github = "https://token.actions.githubusercontent.com"

// issuer is a CI system's.
type issuer struct {
	mu      sync.Mutex
	t       *testing.T
	keys    []jose.JSONWebKey
	fetched int
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{t: t}
	i.rotate("first")
	return i
}

func (i *issuer) rotate(kid string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(i.t)
	i.keys = append(i.keys, jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: "ES256", Use: "sig"})
}

func (i *issuer) fetch(context.Context, string) ([]byte, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetched++
	var set jose.JSONWebKeySet
	for _, k := range i.keys {
		set.Keys = append(set.Keys, k.Public())
	}
	return []byte(asJSON(set)), nil
}

// token is one of a job on the main branch, changed as asked.
func (i *issuer) token(now time.Time, change map[string]any) string {
	claims := map[string]any{
		"iss": github, "aud": testURL, "sub": "repo:acme/app:ref:refs/heads/main", "jti": glovebox.NewID("j"),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"repository": "acme/app", "repository_id": "1296269", "repository_owner_id": "583231",
		"ref": "refs/heads/main", "event_name": "push",
	}
	maps.Copy(claims, change)
	for name, v := range claims {
		if v == nil {
			delete(claims, name)
		}
	}
	i.mu.Lock()
	key := i.keys[len(i.keys)-1]
	i.mu.Unlock()
	return compact(i.t, jose.ES256, key, "JWT", claims)
}

// compact signs anything.
func compact(t *testing.T, alg jose.SignatureAlgorithm, key any, typ string, claims any) string {
	t.Helper()
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ))))(t)
	return must(must(signer.Sign([]byte(asJSON(claims))))(t).CompactSerialize())(t)
}

func ciRule() TrustRule {
	return TrustRule{Name: "app", Issuer: github, Audience: testURL,
		Claims:  map[string]string{"repository_id": "1296269", "repository_owner_id": "583231", "ref": "refs/heads/main"},
		Actions: []Action{ActionJobSubmit, ActionJobRead}, Seconds: 600}
}

func (m *member) rule(r TrustRule) TrustRule {
	m.w.t.Helper()
	return must(m.w.s.WriteRule(m.w.ctx, m.caller(), r, m.sign(RuleOperation(r))))(m.w.t)
}

func TestBadOIDC(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"fork":                    {"repository_id": "999", "repository_owner_id": "888"},
		"look-alike name":         {"repository": "acrne/app", "repository_id": "77", "sub": "repo:acrne/app:ref:refs/heads/main"},
		"recycled owner":          {"repository_owner_id": "584000"},
		"id as prefix":            {"repository_id": "12962690"},
		"other branch":            {"ref": "refs/heads/evil"},
		"no branch":               {"ref": nil},
		"wrong audience":          {"aud": "https://other.example"},
		"audience prefix":         {"aud": testURL + "/x"},
		"audience list of others": {"aud": []string{"a", "b"}},
		"no audience":             {"aud": nil},
		"other issuer":            {"iss": "https://evil.example"},
		"expired":                 {"exp": 1_799_999_999},
		"no expiry":               {"exp": nil},
		"old":                     {"iat": 1_799_999_600},
		"no issue time":           {"iat": nil},
		"future":                  {"iat": 1_800_000_900},
		"not yet":                 {"nbf": 1_800_000_900},
		"no jti":                  {"jti": nil},
		"pull request":            {"event_name": "pull_request"},
		"pull request target":     {"event_name": "pull_request_target"},
		"claim as object":         {"repository_id": map[string]any{"1296269": true}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r, key := w.admin().rule(ciRule()), newKey(t)
			w.wantRefused(func() error {
				_, err := w.s.Exchange(w.ctx, r.ID, w.idp.token(w.clock.now(), change), key.presented(w, "POST", "/v1/token", ""))
				return err
			})
			if _, err := w.s.Exchange(w.ctx, r.ID, w.idp.token(w.clock.now(), nil), key.presented(w, "POST", "/v1/token", "")); err != nil {
				t.Errorf("control: %v", err)
			}
		})
	}
}

func TestWorkload(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	r, key := m.rule(ciRule()), newKey(t)
	ask := func() Presented { return key.presented(w, "POST", "/v1/token", "") }
	token := w.idp.token(w.clock.now(), map[string]any{"repository_id": 1296269, "aud": []string{"x", testURL}})
	access := must(w.s.Exchange(w.ctx, r.ID, token, ask()))(t)
	w.wantRefused(func() error { _, err := w.s.Exchange(w.ctx, r.ID, token, ask()); return err })
	w.wantRefused(func() error { _, err := w.s.Exchange(w.ctx, "rul_00000000000000000000", token, ask()); return err })
	w.wantRefused(func() error {
		_, err := w.s.Exchange(w.ctx, r.ID, w.idp.token(w.clock.now(), nil), Presented{Method: "POST", Path: "/v1/token"})
		return err
	})

	c := must(w.s.Authenticate(w.ctx, key.presented(w, "POST", "/v1/jobs", access.Token)))(t)
	if c.Kind != PrincipalWorkload || c.Tenant != testTenant || !c.Allowed(ActionJobSubmit) || c.Allowed(ActionJobCancel) || c.Allowed(ActionPersonRead) {
		t.Errorf("caller: %+v", c)
	}
	if _, _, err := w.s.BeginStepUp(w.ctx, c, Operation{Action: ActionJobSubmit}); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Errorf("a workload stepped up: %v", err)
	}
	events := w.events()
	last := events[len(events)-1]
	for _, e := range events {
		if e.Action == "workload.exchange" && e.OK {
			last = e
		}
	}
	if last.Detail["claim.repository"] != "acme/app" || last.Detail["claim.sub"] == "" {
		t.Errorf("event: %+v", last)
	}

	w.idp.rotate("second") // unknown key: fetched again, but not at once again
	w.wantRefused(func() error {
		_, err := w.s.Exchange(w.ctx, r.ID, w.idp.token(w.clock.now(), nil), ask())
		return err
	})
	w.clock.pass(issuerPause)
	must(w.s.Exchange(w.ctx, r.ID, w.idp.token(w.clock.now(), nil), ask()))(t)
	if w.idp.fetched != 2 {
		t.Errorf("fetched %d times", w.idp.fetched)
	}

	if err := w.s.RemoveRule(w.ctx, m.caller(), r.ID, m.sign(RemoveRuleOperation(r.ID))); err != nil {
		t.Fatal(err)
	}
	w.wantRefused(func() error {
		_, err := w.s.Authenticate(w.ctx, key.presented(w, "POST", "/v1/jobs", access.Token))
		return err
	})
}

func TestBadRules(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	for name, c := range map[string]struct {
		field  string
		change func(*TrustRule)
	}{
		"http":              {"issuer", func(r *TrustRule) { r.Issuer = "http://token.actions.githubusercontent.com" }},
		"no issuer":         {"issuer", func(r *TrustRule) { r.Issuer = "" }},
		"query":             {"issuer", func(r *TrustRule) { r.Issuer += "?x" }},
		"anyone's audience": {"audience", func(r *TrustRule) { r.Audience = "sts.amazonaws.com" }},
		"audience suffix":   {"audience", func(r *TrustRule) { r.Audience = testURL + "0" }},
		"no claims":         {"claims", func(r *TrustRule) { r.Claims = nil }},
		"any branch":        {"claims", func(r *TrustRule) { delete(r.Claims, "ref") }},
		"name only": {"claims.repository_id", func(r *TrustRule) {
			r.Claims = map[string]string{"repository": "acme/app", "ref": "refs/heads/main"}
		}},
		"sub only":       {"claims.repository_id", func(r *TrustRule) { r.Claims = map[string]string{"sub": "repo:acme/app:ref:refs/heads/main"} }},
		"id not numeric": {"claims.repository_id", func(r *TrustRule) { r.Claims["repository_id"] = "acme" }},
		"wildcard":       {"claims.ref", func(r *TrustRule) { r.Claims["ref"] = "refs/heads/*" }},
		"empty value":    {"claims.ref", func(r *TrustRule) { r.Claims["ref"] = "" }},
		"about time":     {"claims.exp", func(r *TrustRule) { r.Claims["exp"] = "1" }},
		"other issuer without sub": {"claims.sub", func(r *TrustRule) {
			r.Issuer, r.Claims = "https://ci.example", map[string]string{"team": "a"}
		}},
		"gitlab names": {"claims.project_id", func(r *TrustRule) {
			r.Issuer, r.Claims = "https://git.example", map[string]string{"sub": "x", "project_path": "a/b"}
		}},
		"too long":      {"seconds", func(r *TrustRule) { r.Seconds = 901 }},
		"for ever":      {"seconds", func(r *TrustRule) { r.Seconds = 0 }},
		"no actions":    {"actions", func(r *TrustRule) { r.Actions = nil }},
		"admin actions": {"actions", func(r *TrustRule) { r.Actions = []Action{ActionPersonInvite} }},
	} {
		r := ciRule()
		c.change(&r)
		_, err := w.s.WriteRule(w.ctx, m.caller(), r, nil)
		if glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
		_, _, err = w.s.BeginStepUp(w.ctx, m.caller(), RuleOperation(r)) // nobody is asked to sign it, either
		if glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != "parameters."+c.field {
			t.Errorf("%s: step-up: %v", name, err)
		}
	}
	for _, parameters := range []string{"", "[]", `{"claims": 1}`, "{"} {
		_, _, err := w.s.BeginStepUp(w.ctx, m.caller(), Operation{Action: ActionRuleWrite, Parameters: []byte(parameters)})
		if glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != "parameters" {
			t.Errorf("%q: %v", parameters, err)
		}
	}
	m.rule(ciRule())
}
