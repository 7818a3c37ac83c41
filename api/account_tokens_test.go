package api_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"glovebox/api/wire"
	"glovebox/identity/identitytest"
)

// cli is a program that v has let in, as `glovebox login` does.
func (v *visitor) cli() *visitor {
	v.t.Helper()
	p := v.program()
	var d wire.Device
	p.get(200, "POST", "/v1/device", wire.DeviceRequest{Name: "x"}, &d)
	var shown wire.DeviceInfo
	v.get(200, "GET", "/v1/me/devices/"+d.UserCode, nil, &shown)
	v.get(204, "POST", "/v1/me/devices/"+d.UserCode+"/approve",
		wire.SignedRequest{Signature: v.sign(shown.Operation.Action, shown.Operation.Resource, shown.Operation.Parameters)}, nil)
	var held wire.Token
	p.get(200, "POST", "/v1/token", wire.TokenRequest{GrantType: wire.GrantDevice, DeviceCode: d.DeviceCode}, &held)
	p.token = held.AccessToken
	return p
}

// signingKey is the one that the site signs access tokens with, as somebody who
// has read its store would have it.
func (s *site) signingKey() jose.JSONWebKey {
	s.t.Helper()
	records, err := s.store.ListRecords(s.t.Context(), "id_key", "", "", 1)
	if err != nil || len(records) != 1 {
		s.t.Fatalf("%v, %d keys", err, len(records))
	}
	var doc struct {
		Private jose.JSONWebKey `json:"private"`
	}
	if err := json.Unmarshal(records[0].Value, &doc); err != nil {
		s.t.Fatal(err)
	}
	return doc.Private
}

// claimsOf are a token's.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestRefusedTokens: an access token counts only as it was issued, with a proof
// of its key for this very request.
func TestRefusedTokens(t *testing.T) {
	s := newSite(t)
	p := s.admin(acme).cli()
	good, own := p.token, p.key
	key := s.signingKey()
	forged := func(sign jose.SigningKey, typ string, change map[string]any) string {
		claims := claimsOf(t, good)
		for name, v := range change {
			if claims[name] = v; v == nil {
				delete(claims, name)
			}
		}
		return identitytest.Compact(sign, typ, claims)
	}
	ours := jose.SigningKey{Algorithm: jose.EdDSA, Key: key}
	again := func(change map[string]any) string { return forged(ours, "at+jwt", change) }
	now := s.clock()
	part := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := []byte(key.Public().Key.(ed25519.PublicKey))
	for name, token := range map[string]string{
		"alg none":               none + "." + part[1] + ".",
		"alg none, signed":       none + "." + part[1] + "." + part[2],
		"HS256 with our key":     forged(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: public, KeyID: key.KeyID}}, "at+jwt", nil),
		"ES256":                  forged(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: own.Private, KeyID: key.KeyID}}, "at+jwt", nil),
		"another key":            forged(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: stranger, KeyID: key.KeyID}}, "at+jwt", nil),
		"key in the header":      forged(jose.SigningKey{Algorithm: jose.ES256, Key: own.Private}, "at+jwt", nil),
		"unknown key id":         forged(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: key.Key, KeyID: "nobody's"}}, "at+jwt", nil),
		"another type":           forged(ours, "JWT", nil),
		"expired":                again(map[string]any{"exp": now.Add(-time.Second).Unix()}),
		"no expiry":              again(map[string]any{"exp": nil}),
		"of the future":          again(map[string]any{"nbf": now.Add(time.Hour).Unix(), "iat": now.Add(time.Hour).Unix()}),
		"wrong audience":         again(map[string]any{"aud": "https://other.example"}),
		"wrong issuer":           again(map[string]any{"iss": "https://evil.example"}),
		"another session":        again(map[string]any{"sid": "ses_x"}),
		"another tenant":         again(map[string]any{"tenant": "other"}),
		"another person":         again(map[string]any{"sub": "per_00000000000000000000"}),
		"bound to another key":   again(map[string]any{"cnf": map[string]any{"jkt": base64.RawURLEncoding.EncodeToString(make([]byte, 32))}}),
		"bound to no key":        again(map[string]any{"cnf": nil}),
		"one bit":                part[0] + "." + part[1] + "." + flipped(part[2]),
		"payload of another":     part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{}`)) + "." + part[2],
		"dots":                   strings.Repeat(".", 10<<10),
		"nothing between dots":   "..",
		"not a token":            "x",
		"a proof for a token":    own.Proof(now, "GET", siteURL+"/v1/me", good, nil),
		"a token within a token": base64.RawURLEncoding.EncodeToString([]byte(good)),
	} {
		p.token = token
		p.refuses(name, "GET", "/v1/me", nil)
	}
	p.token = again(nil)
	p.get(200, "GET", "/v1/me", nil, nil) // the control: signed as ours, it counts
	p.token = good
	p.get(200, "GET", "/v1/me", nil, nil)
}

// TestRefusedProofs: the right token with a proof that is not for this request,
// not now, not by its key, or not for the first time.
func TestRefusedProofs(t *testing.T) {
	s := newSite(t)
	p := s.admin(acme).cli()
	now, at := s.clock(), siteURL+"/v1/me"
	proof := func(change map[string]any) []string { return []string{p.key.Proof(now, "GET", at, p.token, change)} }
	used := proof(nil)
	if a := p.proven(used); a.StatusCode != http.StatusOK { // the control
		t.Fatalf("%s", a.body)
	}
	for name, proofs := range map[string][]string{
		"none":             nil,
		"two":              append(proof(nil), proof(nil)...),
		"used before":      used,
		"another URL":      proof(map[string]any{"htu": siteURL + "/v1/people"}),
		"another site":     proof(map[string]any{"htu": "https://evil.example/v1/me"}),
		"another scheme":   proof(map[string]any{"htu": "http://box.example:8443/v1/me"}),
		"another method":   proof(map[string]any{"htm": "POST"}),
		"another key":      {identitytest.NewKey().Proof(now, "GET", at, p.token, nil)},
		"another token":    proof(map[string]any{"ath": base64.RawURLEncoding.EncodeToString(make([]byte, 32))}),
		"no token":         proof(map[string]any{"ath": nil}),
		"no id":            proof(map[string]any{"jti": nil}),
		"old":              proof(map[string]any{"iat": now.Add(-2 * time.Minute).Unix()}),
		"of the future":    proof(map[string]any{"iat": now.Add(2 * time.Minute).Unix()}),
		"no time":          proof(map[string]any{"iat": nil}),
		"unsigned":         {unsigned(proof(nil)[0])},
		"dots":             {strings.Repeat(".", 10<<10)},
		"the token itself": {p.token},
	} {
		p.refusesProof(name, proofs)
	}
	p.refusesProof("used before, again", used)
}

// proven asks who p is with exactly these proofs.
func (v *visitor) proven(proofs []string) answer {
	v.t.Helper()
	r := v.request("GET", "/v1/me", nil)
	r.Header["Dpop"] = proofs
	return v.do(r)
}

func (v *visitor) refusesProof(name string, proofs []string) {
	v.t.Helper()
	failed, told := v.t.Failed(), v.refusals()
	if a := v.proven(proofs); a.StatusCode != http.StatusUnauthorized || !strings.Contains(string(a.body), `"not authenticated"`) {
		v.t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
	}
	if n := v.refusals() - told; n != 1 {
		v.t.Errorf("%s: audited %d times", name, n)
	}
	tally.refusal(failed || !v.t.Failed())
}

// flipped changes one bit of a signature.
func flipped(part string) string {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		panic(err) // it is a signature
	}
	raw[0] ^= 1
	return base64.RawURLEncoding.EncodeToString(raw)
}
