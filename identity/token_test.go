package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"glovebox"
)

// key is a CLI's.
type key struct {
	t       *testing.T
	private *ecdsa.PrivateKey
}

func newKey(t *testing.T) *key {
	return &key{t, must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)}
}

// proof makes a DPoP proof, changed as asked.
func (k *key) proof(now time.Time, method, url, token string, change map[string]any) string {
	claims := map[string]any{"jti": glovebox.NewID("p"), "htm": method, "htu": url, "iat": now.Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	maps.Copy(claims, change)
	return k.signed(claims, "dpop+jwt")
}

func (k *key) signed(claims any, typ string) string {
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType(jose.ContentType(typ))
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: k.private}, options))(k.t)
	return must(must(signer.Sign([]byte(asJSON(claims))))(k.t).CompactSerialize())(k.t)
}

// presented is a request that is as it should be.
func (k *key) presented(w *world, method, path, token string) Presented {
	p := Presented{Method: method, Path: path, DPoP: []string{k.proof(w.clock.now(), method, testURL+path, token, nil)}}
	if token != "" {
		p.Authorization = []string{"DPoP " + token}
	}
	return p
}

// cli opens a key-bound session for m.
func (m *member) cli(k *key) AccessToken {
	m.w.t.Helper()
	jkt := must(m.w.s.ProvenKey(m.w.ctx, k.presented(m.w, "POST", "/v1/token", "")))(m.w.t)
	return must(m.w.s.OpenKeySession(m.w.ctx, m.caller(), jkt, "cli"))(m.w.t)
}

// badTokens are tokens with one thing wrong each, and one made by hand that is
// right.
func badTokens(t *testing.T, w *world, access AccessToken) (bad map[string]string, right string) {
	keys := must(w.s.signingKeys(w.ctx))(t)
	ours := keys[0].Private
	good := func() map[string]any {
		now := w.clock.now()
		return map[string]any{"iss": testURL, "aud": testURL, "sub": access.Session.Subject, "exp": now.Add(time.Minute).Unix(),
			"iat": now.Unix(), "nbf": now.Unix(), "jti": "x", "sid": access.Session.ID, "tenant": testTenant, "role": "admin",
			"cnf": map[string]string{"jkt": access.Session.JKT}}
	}
	with := func(name string, v any) string {
		c := good()
		c[name] = v
		return compact(t, jose.EdDSA, ours, tokenType, c)
	}
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	strange := jose.JSONWebKey{Key: stranger, KeyID: ours.KeyID}
	public := ours.Public().Key.(ed25519.PublicKey)
	ec := newKey(t).private
	b64 := base64.RawURLEncoding.EncodeToString
	none := b64([]byte(`{"alg":"none","typ":"at+jwt","kid":"`+ours.KeyID+`"}`)) + "." + b64([]byte(asJSON(good()))) + "."
	parts := strings.Split(access.Token, ".")

	bad = map[string]string{
		"alg none":             none,
		"HS256 by public key":  compact(t, jose.HS256, jose.JSONWebKey{Key: []byte(public), KeyID: ours.KeyID}, tokenType, good()),
		"ES256":                compact(t, jose.ES256, jose.JSONWebKey{Key: ec, KeyID: ours.KeyID}, tokenType, good()),
		"other key":            compact(t, jose.EdDSA, strange, tokenType, good()),
		"other key id":         compact(t, jose.EdDSA, jose.JSONWebKey{Key: ours.Key, KeyID: "x"}, tokenType, good()),
		"no key id":            compact(t, jose.EdDSA, stranger, tokenType, good()),
		"other type":           compact(t, jose.EdDSA, ours, "JWT", good()),
		"expired":              with("exp", w.clock.now().Unix()),
		"issued in the future": with("iat", w.clock.now().Add(time.Minute).Unix()),
		"not yet":              with("nbf", w.clock.now().Add(time.Minute).Unix()),
		"too long a life":      with("exp", w.clock.now().Add(time.Hour).Unix()),
		"wrong audience":       with("aud", "https://other.example"),
		"several audiences":    with("aud", []string{testURL, "x"}),
		"wrong issuer":         with("iss", "https://other.example"),
		"no expiry":            with("exp", nil),
		"no jti":               with("jti", ""),
		"other subject":        with("sub", "per_00000000000000000000"),
		"other tenant":         with("tenant", "other"),
		"other session":        with("sid", "ses_00000000000000000000"),
		"odd session":          with("sid", "../\x00"),
		"other key bound":      with("cnf", map[string]string{"jkt": "x"}),
		"no key bound":         with("cnf", nil),
		"payload changed":      parts[0] + "." + b64([]byte(asJSON(good()))) + "." + parts[2],
		"signature cut":        parts[0] + "." + parts[1] + ".",
		"10 MB of dots":        strings.Repeat(".", 10<<20),
		"8 KiB of dots":        strings.Repeat(".", 8<<10),
		"10 MB":                parts[0] + "." + strings.Repeat("A", 10<<20) + "." + parts[2],
		"JSON serialization":   `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"nothing":              "",
	}
	return bad, with("jti", "y")
}

func TestBadToken(t *testing.T) {
	w := newWorld(t)
	m, k := w.admin(), newKey(t)
	access := m.cli(k)
	bad, right := badTokens(t, w, access)
	for name, token := range bad {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.wantRefused(func() error {
				_, err := w.s.Authenticate(w.ctx, Presented{Method: "GET", Path: "/v1/jobs", Authorization: []string{"DPoP " + token},
					DPoP: []string{k.proof(w.clock.now(), "GET", testURL+"/v1/jobs", token, nil)}})
				return err
			})
		})
	}
	w.t = t
	if n := strings.Count(strings.Join(w.causes(), "\n"), "access token malformed"); n != 5 {
		t.Errorf("%d tokens were refused before anything looked inside", n)
	}
	for name, token := range map[string]string{"issued": access.Token, "made here": right} {
		if _, err := w.s.Authenticate(w.ctx, k.presented(w, "GET", "/v1/jobs", token)); err != nil {
			t.Errorf("control, %s: %v", name, err)
		}
	}
}

func TestBadProof(t *testing.T) {
	w := newWorld(t)
	m, k := w.admin(), newKey(t)
	access := m.cli(k)
	const method, path = "GET", "/v1/jobs"
	make := func(change map[string]any) string {
		return k.proof(w.clock.now(), method, testURL+path, access.Token, change)
	}
	used := k.presented(w, method, path, access.Token)
	must(w.s.Authenticate(w.ctx, used))(t) // the control
	now := w.clock.now().Unix()
	sum := sha256.Sum256([]byte(access.Token))
	typed := map[string]any{"jti": "a", "htm": method, "htu": testURL + path, "iat": now, "ath": base64.RawURLEncoding.EncodeToString(sum[:])}
	private := func() string {
		options := (&jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: k.private}}}).WithType("dpop+jwt")
		signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: k.private}, options))(t)
		return must(must(signer.Sign([]byte(`{}`)))(t).CompactSerialize())(t)
	}
	for name, proofs := range map[string][]string{
		"another method":      {make(map[string]any{"htm": "POST"})},
		"another path":        {make(map[string]any{"htu": testURL + "/v1/jobs/x"})},
		"another host":        {make(map[string]any{"htu": "https://evil.example/v1/jobs"})},
		"another port":        {make(map[string]any{"htu": "https://box.example/v1/jobs"})},
		"another scheme":      {make(map[string]any{"htu": "http://box.example:8443/v1/jobs"})},
		"with a query":        {make(map[string]any{"htu": testURL + path + "?a=b"})},
		"another key":         {newKey(t).proof(w.clock.now(), method, testURL+path, access.Token, nil)},
		"reused":              used.DPoP,
		"old":                 {make(map[string]any{"iat": now - 61})},
		"of the future":       {make(map[string]any{"iat": now + 60})},
		"no time":             {make(map[string]any{"iat": nil})},
		"no jti":              {make(map[string]any{"jti": ""})},
		"huge jti":            {make(map[string]any{"jti": strings.Repeat("x", 129)})},
		"no ath":              {make(map[string]any{"ath": ""})},
		"ath of another":      {make(map[string]any{"ath": "AAAA"})},
		"another type":        {k.signed(typed, "JWT")},
		"no key":              {compact(t, jose.ES256, k.private, "dpop+jwt", map[string]any{"jti": "a"})},
		"private key":         {private()},
		"HMAC":                {compact(t, jose.HS256, []byte(strings.Repeat("k", 32)), "dpop+jwt", map[string]any{"jti": "a"})},
		"two":                 {make(nil), make(nil)},
		"none":                nil,
		"10 MB of dots":       {strings.Repeat(".", 10<<20)},
		"signature of others": {make(nil)[:strings.LastIndex(make(nil), ".")] + ".AAAA"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.wantRefused(func() error {
				_, err := w.s.Authenticate(w.ctx, Presented{Method: method, Path: path, Authorization: []string{"DPoP " + access.Token}, DPoP: proofs})
				return err
			})
		})
	}
	w.t = t
	must(w.s.Authenticate(w.ctx, k.presented(w, method, path, access.Token)))(t)
}

func TestBadPresentation(t *testing.T) {
	w := newWorld(t)
	m, k := w.admin(), newKey(t)
	access := m.cli(k)
	const method, path = "GET", "/v1/jobs"
	proof := func() []string { return []string{k.proof(w.clock.now(), method, testURL+path, access.Token, nil)} }
	for name, p := range map[string]Presented{
		"as a bearer":     {Method: method, Path: path, Authorization: []string{"Bearer " + access.Token}, DPoP: proof()},
		"cookie as well":  {Method: method, Path: path, Cookie: m.cookie, Authorization: []string{"DPoP " + access.Token}, DPoP: proof()},
		"twice":           {Method: method, Path: path, Authorization: []string{"DPoP " + access.Token, "DPoP " + access.Token}, DPoP: proof()},
		"token as cookie": {Method: method, Path: path, Cookie: access.Token},
		"wrong secret":    {Cookie: m.cookie[:len(m.cookie)-4] + "AAAA"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.wantRefused(func() error { _, err := w.s.Authenticate(w.ctx, p); return err })
		})
	}
	w.t = t
	must(w.s.Authenticate(w.ctx, k.presented(w, method, path, access.Token)))(t)
	must(w.s.Refresh(w.ctx, access.Session.ID, k.presented(w, "POST", "/v1/token", "")))(t)
	w.wantRefused(func() error {
		_, err := w.s.Refresh(w.ctx, access.Session.ID, newKey(t).presented(w, "POST", "/v1/token", ""))
		return err
	})
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	m, k := w.admin(), newKey(t)
	first := must(w.s.JWKS(w.ctx))(t)
	w.clock.pass(keyLifetime - keyLead)
	if err := m.login(); err != nil {
		t.Fatal(err)
	}
	both := must(w.s.JWKS(w.ctx))(t)
	old := m.cli(k)
	if len(first.Keys) != 1 || len(both.Keys) != 2 || must(jose.ParseSignedCompact(old.Token, []jose.SignatureAlgorithm{jose.EdDSA}))(t).Signatures[0].Protected.KeyID != first.Keys[0].KeyID {
		t.Fatalf("the next key is not published before use: %d, %d", len(first.Keys), len(both.Keys))
	}
	w.clock.pass(keyLead - time.Minute)
	if err := m.login(); err != nil {
		t.Fatal(err)
	}
	old = m.cli(k)
	w.clock.pass(time.Minute)
	fresh := must(w.s.Refresh(w.ctx, old.Session.ID, k.presented(w, "POST", "/v1/token", "")))(t)
	if must(jose.ParseSignedCompact(fresh.Token, []jose.SignatureAlgorithm{jose.EdDSA}))(t).Signatures[0].Protected.KeyID != both.Keys[1].KeyID {
		t.Error("the new key is not used")
	}
	other := must(w.open(testRPID, testOrigin))(t) // another replica
	must(other.Authenticate(w.ctx, k.presented(w, "GET", "/", old.Token)))(t)
	must(other.Authenticate(w.ctx, k.presented(w, "GET", "/", fresh.Token)))(t)
	w.clock.pass(keyTail)
	if left := must(w.s.JWKS(w.ctx))(t); len(left.Keys) != 1 || left.Keys[0].KeyID != both.Keys[1].KeyID {
		t.Errorf("the old key stays: %v", left)
	}
}

// TestProofFromBeforeTheStart: a machine that is back at once after a power cut
// may have lost what it knew of used proofs, so it takes none of then.
func TestProofFromBeforeTheStart(t *testing.T) {
	w := newWorld(t)
	m, k := w.admin(), newKey(t)
	access := m.cli(k)
	before := k.presented(w, "GET", "/v1/jobs", access.Token)
	w.clock.pass(2 * time.Second)
	w.s = must(Open(w.ctx, Config{Records: w.store, Now: w.clock.now, PublicURL: testURL, RPID: testRPID, Origins: []string{testOrigin}, Since: w.clock.now()}))(t)
	w.wantRefused(func() error { _, err := w.s.Authenticate(w.ctx, before); return err })
	must(w.s.Authenticate(w.ctx, k.presented(w, "GET", "/v1/jobs", access.Token)))(t)
}
