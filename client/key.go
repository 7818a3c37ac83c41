package client

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"

	jose "github.com/go-jose/go-jose/v4"

	"glovebox"
)

// Key is the private key that a session is bound to: ECDSA on P-256. Whoever
// has it is who logged in, so it is kept where nobody else can read it.
type Key struct{ private *ecdsa.PrivateKey }

const pemType = "PRIVATE KEY"

// NewKey makes a key.
func NewKey() (*Key, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "make a key: %w", err)
	}
	return &Key{k}, nil
}

// ParseKey reads what PEM wrote; KindInvalid. The error says nothing of the text.
func ParseKey(text string) (*Key, error) {
	bad := glovebox.Errorf(glovebox.KindInvalid, "not a P-256 key in PKCS #8").On("key").Try("log in anew: glovebox login")
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != pemType {
		return nil, bad
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, bad
	}
	k, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || k.Curve != elliptic.P256() {
		return nil, bad
	}
	return &Key{k}, nil
}

// PEM is the key in PKCS #8, to be stored.
func (k *Key) PEM() (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindInternal, "write a key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})), nil
}

// Thumbprint names the key without giving it away: RFC 7638, base64url. It is
// what the server keeps with the session.
func (k *Key) Thumbprint() string {
	sum, err := (&jose.JSONWebKey{Key: k.private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// String keeps the key out of logs.
func (k *Key) String() string { return "key " + k.Thumbprint() }

// GoString keeps the key out of logs, too.
func (k *Key) GoString() string { return k.String() }
