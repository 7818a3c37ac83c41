package client

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"glovebox"
)

// proofClaims is what a proof says of the one request that it is for (RFC 9449,
// section 4.2).
type proofClaims struct {
	ID       string `json:"jti"`
	Method   string `json:"htm"`
	URL      string `json:"htu"`
	IssuedAt int64  `json:"iat"`
	Access   string `json:"ath,omitempty"` // hash of the access token
}

// prover makes proofs with one key.
type prover struct {
	signer jose.Signer
	base   string // of every URL
}

func newProver(key *Key, base string) (*prover, error) {
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key.private}, options)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "use a key: %w", err)
	}
	return &prover{signer: signer, base: base}, nil
}

// prove makes a proof for one sending of one request; path is as it is escaped
// on the wire, without query. token is the access token that goes with it, or
// empty. No two proofs are the same.
func (p *prover) prove(method, path, token string, at time.Time) (string, error) {
	c := proofClaims{ID: rand.Text(), Method: method, URL: p.base + path, IssuedAt: at.Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		c.Access = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindInternal, "make a proof: %w", err)
	}
	signed, err := p.signer.Sign(payload)
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindInternal, "sign a proof: %w", err)
	}
	return signed.CompactSerialize()
}
