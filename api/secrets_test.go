package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
	"glovebox/secret"
)

func secretKeys(t testing.TB) *secret.Keys {
	t.Helper()
	k, err := secret.OpenKeys(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// salt is what tests hash values with.
var salt = bytes.Repeat([]byte{7}, 16)

// signSecret has v agree to giving a secret a value.
func (v *visitor) signSecret(name string, seen int64, domains []string, value string) *wire.Signature {
	v.t.Helper()
	o := identity.SecretOperation(name, seen, domains, identity.SecretHash(salt, []byte(value)))
	var up wire.StepUp
	v.get(200, "POST", "/v1/step-up/begin", pair{"action": o.Action, "resource": o.Resource, "version": o.Version, "parameters": o.Parameters}, &up)
	return &wire.Signature{ID: up.ID, Response: v.assert(up.Options)}
}

// put sends a value, in place of the version that the tag names, or of none.
func (v *visitor) put(name, tag string, body wire.SecretRequest) answer {
	v.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	r := v.request("PUT", "/v1/secrets/"+name, string(b))
	if tag == "" {
		r.Header.Set("If-None-Match", "*")
	} else {
		r.Header.Set("If-Match", tag)
	}
	return v.do(r)
}

// secret makes one of v's tenant and returns its name.
func (v *visitor) secret(name string) string {
	v.t.Helper()
	a := v.put(name, "", wire.SecretRequest{Value: []byte("x"), Salt: salt, Signature: v.signSecret(name, 0, nil, "x")})
	if a.StatusCode != http.StatusOK {
		v.t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return name
}

// TestSecretsAreSigned: an admin's signature is good for one name, version, list
// of domains and value, once; nobody gets the value back, and it is in nothing
// that is stored.
func TestSecretsAreSigned(t *testing.T) {
	s := newWholeSite(t)
	ada := s.admin(acme)
	const value, domain = "canary-5f2a91c3", "api.example.com"
	request := func(seen int64) wire.SecretRequest {
		return wire.SecretRequest{Value: []byte(value), Domains: []string{domain}, Salt: salt, Signature: ada.signSecret("KEY", seen, []string{domain}, value)}
	}
	kind := func(a answer) glovebox.Kind {
		var p wire.Problem
		_ = json.Unmarshal(a.body, &p)
		return p.Kind
	}
	for name, change := range map[string]func(*wire.SecretRequest){
		"nothing signed":   func(r *wire.SecretRequest) { r.Signature = nil },
		"another value":    func(r *wire.SecretRequest) { r.Value = []byte("another") },
		"other domains":    func(r *wire.SecretRequest) { r.Domains = []string{"evil.example.com"} },
		"no domains":       func(r *wire.SecretRequest) { r.Domains = nil },
		"another salt":     func(r *wire.SecretRequest) { r.Salt = make([]byte, 16) },
		"hardly any salt":  func(r *wire.SecretRequest) { r.Salt = salt[:15] },
		"for another time": func(r *wire.SecretRequest) { r.Signature = ada.signSecret("KEY", 1, []string{domain}, value) },
		"of another name":  func(r *wire.SecretRequest) { r.Signature = ada.signSecret("OTHER", 0, []string{domain}, value) },
	} {
		r := request(0)
		change(&r)
		a := ada.put("KEY", "", r)
		if k := kind(a); k != glovebox.KindApproval && k != glovebox.KindConflict && k != glovebox.KindInvalid {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	r := request(0)
	a := ada.put("KEY", "", r)
	var made wire.Secret
	if err := json.Unmarshal(a.body, &made); err != nil || a.StatusCode != 200 || made.Version != 1 || made.Domains[0] != domain {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	tag := a.Header.Get("ETag")
	if again := ada.put("KEY", tag, r); again.StatusCode < 400 {
		t.Errorf("the same signature again: %d", again.StatusCode)
	}
	if next := ada.put("KEY", tag, request(1)); next.StatusCode != 200 {
		t.Errorf("%d %s", next.StatusCode, next.body)
	}
	dev := ada.invites("Dev", "developer")
	var list wire.SecretList
	got := dev.get(200, "GET", "/v1/secrets", nil, &list)
	if len(list.Secrets) != 1 || list.Secrets[0].Version != 2 {
		t.Errorf("%s", got.body)
	}
	if a := dev.put("KEY", tag, r); kind(a) != glovebox.KindDenied {
		t.Errorf("a developer: %d %s", a.StatusCode, a.body)
	}
	ada.fails(glovebox.KindApproval, "signature", "POST", "/v1/secrets/KEY/remove", pair{})
	ada.get(204, "POST", "/v1/secrets/KEY/remove", wire.SignedRequest{Signature: ada.sign("secret.write", "KEY", pair{"remove": true})}, nil)
	ada.fails(glovebox.KindNotFound, "", "GET", "/v1/secrets/KEY", nil)

	events, err := s.store.AuditEvents(t.Context(), glovebox.AuditFilter{Tenant: acme, Target: "KEY"})
	if err != nil {
		t.Fatal(err)
	}
	var done []string
	for _, e := range events {
		if e.OK && e.Action != "operation.sign" {
			done = append(done, e.Action)
		}
	}
	if got := strings.Join(done, " "); got != "secret.set secret.set secret.remove" {
		t.Errorf("the log has %q", got)
	}
	s.free(t, value)
}

// TestSecretIsApproved: a signature under a request, on the page of it, is as
// good as one that comes with the change; it is for the very change, for who
// asked, once, and the server has the value only then.
func TestSecretIsApproved(t *testing.T) {
	s := newWholeSite(t)
	ada := s.admin(acme)
	const value, domain = "canary-5f2a91c3", "api.example.com"
	signed := func(c wire.SecretChange) string {
		var a wire.Approval
		got := ada.get(201, "POST", "/v1/approvals", wire.ApprovalRequest{Secret: &c}, &a)
		if bytes.Contains(got.body, []byte(value)) || a.Needed != 1 || a.Operation.Action != "secret.write" {
			t.Errorf("%s", got.body)
		}
		ada.approves(a.ID)
		return "Glovebox-Approval: " + a.ID
	}
	const path, absent = "/v1/secrets/KEY", "If-None-Match: *"
	asked := wire.SecretChange{Name: "KEY", Domains: []string{domain}, Value: identity.SecretHash(salt, []byte(value))}
	right := wire.SecretRequest{Value: []byte(value), Domains: []string{domain}, Salt: salt}
	approval := signed(asked)
	for name, c := range map[string]struct {
		wrong func(*wire.SecretRequest)
		kind  glovebox.Kind
		field string
	}{
		"another value": {func(r *wire.SecretRequest) { r.Value = []byte("another") }, glovebox.KindConflict, ""},
		"other domains": {func(r *wire.SecretRequest) { r.Domains = []string{"evil.example.com"} }, glovebox.KindConflict, ""},
		"another salt":  {func(r *wire.SecretRequest) { r.Salt = make([]byte, 16) }, glovebox.KindConflict, ""},
		"no salt":       {func(r *wire.SecretRequest) { r.Salt = nil }, glovebox.KindInvalid, "salt"},
		"both ways":     {func(r *wire.SecretRequest) { r.Signature = ada.signSecret("KEY", 0, []string{domain}, value) }, glovebox.KindInvalid, "Glovebox-Approval"},
	} {
		t.Run(name, func(t *testing.T) {
			r := right
			c.wrong(&r)
			wants(t, ada.with("PUT", path, r, absent, approval), c.kind, c.field)
		})
	}
	wants(t, ada.invites("Cleo", "admin").with("PUT", path, right, absent, approval), glovebox.KindApproval, "")
	made := ada.with("PUT", path, right, absent, approval)
	wants(t, made, "", "")
	wants(t, ada.with("PUT", path, right, "If-Match: "+made.Header.Get("ETag"), approval), glovebox.KindApproval, "")
	wants(t, ada.with("POST", path+"/remove", pair{}, signed(asked)), glovebox.KindConflict, "")
	if a := ada.with("POST", path+"/remove", pair{}, signed(wire.SecretChange{Name: "KEY", Remove: true})); a.StatusCode != http.StatusNoContent {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	s.free(t, value)
}

// TestSecretRequestRefused: each mistake in a request for a signature is told at
// its field.
func TestSecretRequestRefused(t *testing.T) {
	s := newWholeSite(t)
	ada := s.admin(acme)
	hash := strings.Repeat("0", 64)
	for _, c := range []struct {
		body  string
		kind  glovebox.Kind
		field string
	}{
		{`{}`, glovebox.KindInvalid, "spec"},
		{`{"secret":{"name":"KEY","value":"` + hash + `"},"policy":{}}`, glovebox.KindInvalid, "spec"},
		{`{"secret":{"name":"KEY","value":"` + hash + `"},"job":"j1"}`, glovebox.KindInvalid, "job"},
		{`{"secret":{"name":"KEY"}}`, glovebox.KindInvalid, "secret.value"},
		{`{"secret":{"name":"KEY","value":"canary"}}`, glovebox.KindInvalid, "secret.value"},
		{`{"secret":{"name":"KEY","value":"` + hash + `","remove":true}}`, glovebox.KindInvalid, "secret.remove"},
		{`{"secret":{"name":"a.b","value":"` + hash + `"}}`, glovebox.KindInvalid, "secret.name"},
		{`{"secret":{"name":"KEY","value":"` + hash + `","domains":["*.example.com"]}}`, glovebox.KindInvalid, "secret.domains"},
		{`{"secret":{"name":"KEY","remove":true}}`, glovebox.KindNotFound, ""},
	} {
		a := ada.do(ada.request("POST", "/v1/approvals", c.body))
		var p wire.Problem
		if err := json.Unmarshal(a.body, &p); err != nil || p.Kind != c.kind || p.Field != c.field {
			t.Errorf("%s: %d %s", c.body, a.StatusCode, a.body)
		}
	}
	ada.invites("Dev", "developer").fails(glovebox.KindDenied, "", "POST", "/v1/approvals", wire.ApprovalRequest{Secret: &wire.SecretChange{Name: "KEY", Value: hash}})
}

// free fails if a text, or its base64, is in anything that the site keeps. The
// control is a name, which is in plenty.
func (s *site) free(t *testing.T, text string) {
	t.Helper()
	found := map[string]int{}
	look := func(b []byte) {
		for _, w := range []string{text, base64.StdEncoding.EncodeToString([]byte(text)), "KEY"} {
			found[w] += bytes.Count(b, []byte(w))
		}
	}
	for _, kind := range []string{"secret", "idempotency", "ceremony", "session", "person", "approval"} {
		docs, err := s.store.ListRecords(t.Context(), kind, "", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range docs {
			look(d.Value)
		}
	}
	events, err := s.store.AuditEvents(t.Context(), glovebox.AuditFilter{Tenant: glovebox.AnyTenant, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	all, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	look(all)
	for w, n := range found {
		if (n > 0) != (w == "KEY") {
			t.Errorf("%q is there %d times", w, n)
		}
	}
}

// TestSecretRefused: each mistake is answered with the field that it is in, and
// no answer repeats a value.
func TestSecretRefused(t *testing.T) {
	s := newWholeSite(t)
	root := s.operator(0)
	if a := root.put("TAKEN", "", wire.SecretRequest{Value: []byte("x")}); a.StatusCode != 200 {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	const canary = "canary-5f2a91c3"
	large := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), glovebox.MaxSecretBytes+1))
	for _, c := range []struct {
		name, header, value, body string
		kind                      glovebox.Kind
		field                     string
	}{
		{"a", "If-None-Match", "*", `{"value":"` + canary + `!"}`, glovebox.KindInvalid, "value"},
		{"a", "If-None-Match", "*", `{"value":["` + canary + `"]}`, glovebox.KindMalformed, "value"},
		{"a", "If-None-Match", "*", `{"Value":"` + canary + `"}`, glovebox.KindUnknownField, "Value"},
		{"a", "If-None-Match", "*", `{"value":"` + canary + `"`, glovebox.KindMalformed, ""},
		{"a", "If-None-Match", "*", `{"value":""}`, glovebox.KindInvalid, "value"},
		{"a", "If-None-Match", "*", `{}`, glovebox.KindInvalid, "value"},
		{"a", "If-None-Match", "*", `{"value":"` + large + `"}`, glovebox.KindTooLarge, "value"},
		{"a", "If-None-Match", "*", `{"value":"eA==","domains":["*.example.com"]}`, glovebox.KindInvalid, "domains"},
		{"a", "If-None-Match", "*", `{"value":"eA==","domains":["localhost"]}`, glovebox.KindInvalid, "domains"},
		{"-a", "If-None-Match", "*", `{"value":"eA=="}`, glovebox.KindInvalid, "name"},
		{"a.b", "If-None-Match", "*", `{"value":"eA=="}`, glovebox.KindInvalid, "name"},
		{"a", "", "", `{"value":"eA=="}`, glovebox.KindInvalid, "If-Match"},
		{"a", "If-None-Match", `"1"`, `{"value":"eA=="}`, glovebox.KindInvalid, "If-Match"},
		{"a", "If-Match", `"1-1"`, `{"value":"eA=="}`, glovebox.KindStale, "If-Match"},
		{"TAKEN", "If-Match", `"1-1"`, `{"value":"eA=="}`, glovebox.KindStale, "If-Match"},
		{"TAKEN", "If-None-Match", "*", `{"value":"eA=="}`, glovebox.KindStale, "If-None-Match"},
	} {
		r := root.request("PUT", "/v1/secrets/"+c.name, c.body)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		a := root.do(r)
		var p wire.Problem
		if err := json.Unmarshal(a.body, &p); err != nil || p.Kind != c.kind || p.Field != c.field {
			t.Errorf("%.60s: %d %s", c.body, a.StatusCode, a.body)
		}
		if bytes.Contains(a.body, []byte(canary)) {
			t.Errorf("the answer repeats the value: %s", a.body)
		}
	}
	root.fails(glovebox.KindNotFound, "", "POST", "/v1/secrets/none/remove", pair{})
	root.fails(glovebox.KindUnknownField, "x", "GET", "/v1/secrets?x=1", nil)
}
