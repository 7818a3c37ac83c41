package receipt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"

	"glovebox"
)

// Key is the public half of a key that receipts are signed with.
type Key struct {
	ID     string // RFC 7638's thumbprint, base64url
	Public ed25519.PublicKey
}

// NewKey names a public key.
func NewKey(public ed25519.PublicKey) Key {
	x := base64.RawURLEncoding.EncodeToString(public)
	thumb := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return Key{base64.RawURLEncoding.EncodeToString(thumb[:]), public}
}

const (
	pemPublic  = "PUBLIC KEY"
	pemPrivate = "PRIVATE KEY"
)

// MarshalKeys writes keys as PEM, as openssl reads them.
func MarshalKeys(keys []Key) []byte {
	var b bytes.Buffer
	for _, k := range keys {
		b.WriteString("# " + k.ID + "\n")
		b.Write(block(pemPublic, public(k)))
	}
	return b.Bytes()
}

// ParseKeys reads keys as MarshalKeys writes them: one or more blocks of PEM,
// and nothing between them but lines that begin with "#". KindMalformed on
// "key".
func ParseKeys(text []byte) ([]Key, error) {
	blocks, ok := blocksOf(text)
	var keys []Key
	for _, b := range blocks {
		k, err := x509.ParsePKIXPublicKey(b.Bytes)
		public, is := k.(ed25519.PublicKey)
		if err != nil || !is || b.Type != pemPublic {
			ok = false
			break
		}
		keys = append(keys, NewKey(public))
	}
	if !ok || len(keys) == 0 {
		return nil, glovebox.Errorf(glovebox.KindMalformed, "these are no public keys of receipts").On("key").
			Try("give the file receipt.pub of the service's data folder, or what `glovebox receipt keys` prints")
	}
	return keys, nil
}

func public(k Key) []byte {
	der, err := x509.MarshalPKIXPublicKey(k.Public)
	if err != nil {
		panic(err) // it is an Ed25519 key
	}
	return der
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// blocksOf takes a file of PEM apart; false if there is anything else in it but
// comments and empty lines.
func blocksOf(text []byte) ([]*pem.Block, bool) {
	var all []*pem.Block
	var kept bytes.Buffer
	for line := range bytes.Lines(text) {
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && trimmed[0] != '#' {
			kept.Write(trimmed)
			kept.WriteByte('\n')
		}
	}
	rest := kept.Bytes()
	for len(rest) > 0 {
		b, after := pem.Decode(rest)
		if b == nil || len(b.Headers) > 0 || !bytes.HasPrefix(rest, []byte("-----BEGIN ")) {
			return nil, false
		}
		all, rest = append(all, b), after
	}
	return all, true
}
