package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// random returns n random bytes.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

// bearer makes what its holder presents, "<id>.<256 random bits>", and the hash
// of the random part, which alone is kept.
func bearer(id string) (token, hash string) {
	secret := base64.RawURLEncoding.EncodeToString(random(32))
	return id + "." + secret, digest(secret)
}

// split takes a bearer apart. Both parts are empty if it cannot be one.
func split(token string) (id, secret string) {
	if len(token) > 256 {
		return "", ""
	}
	id, secret, ok := strings.Cut(token, ".")
	if !ok || len(secret) != 43 || id == "" || !plain(id) {
		return "", ""
	}
	return id, secret
}

// plain says whether s could be an id of ours: fit to be a document's key.
func plain(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 128
}

// digest is the hex SHA-256 of text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// same compares without telling by its time where two texts differ.
func same(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
