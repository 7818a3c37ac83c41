package identitytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// Key is what a program proves itself with (DPoP, RFC 9449).
type Key struct{ Private *ecdsa.PrivateKey }

// NewKey makes a key.
func NewKey() *Key {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return &Key{private}
}

// Proof makes a proof for one request to a URL without query. token is the
// access token that goes with it, if one does; change replaces claims, and nil
// takes one away.
func (k *Key) Proof(now time.Time, method, url, token string, change map[string]any) string {
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": url, "iat": now.Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return Compact(jose.SigningKey{Algorithm: jose.ES256, Key: k.Private}, "dpop+jwt", changed(claims, change))
}

// Compact signs claims. The public key stands in the header if key is a bare
// private key.
func Compact(key jose.SigningKey, typ string, claims map[string]any) string {
	_, bare := key.Key.(*ecdsa.PrivateKey)
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{EmbedJWK: bare}).WithType(jose.ContentType(typ)))
	if err != nil {
		panic(err) // a test asked for a key that cannot sign
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// changed replaces claims, and removes those that are to be nil.
func changed(claims, change map[string]any) map[string]any {
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}
