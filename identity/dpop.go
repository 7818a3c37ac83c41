package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"glovebox"
)

const (
	proofType = "dpop+jwt"
	proofAge  = time.Minute
)

// proofClaims is what a DPoP proof says (RFC 9449, section 4.2).
type proofClaims struct {
	ID       string `json:"jti"`
	Method   string `json:"htm"`
	URL      string `json:"htu"`
	IssuedAt int64  `json:"iat"`
	Access   string `json:"ath"` // hash of the access token
}

// Presented is what a request proves its caller with, as it came.
type Presented struct {
	Cookie        string   // value of the session cookie, or empty
	Authorization []string // every Authorization header
	DPoP          []string // every DPoP header
	Method        string
	Path          string // as it was escaped in the request line, without query
}

// checkProof verifies the request's one proof and returns the thumbprint of
// the key that made it. token is the access token that comes with it; empty
// where one is only being asked for. The jti is claimed last, so that only who
// has a good proof makes us write.
func (s *Service) checkProof(ctx context.Context, p Presented, token string) (string, error) {
	if len(p.DPoP) != 1 || len(p.DPoP[0]) > maxToken || strings.Count(p.DPoP[0], ".") != 2 {
		return "", because("not exactly one proof")
	}
	jws, err := jose.ParseSignedCompact(p.DPoP[0], []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA})
	if err != nil {
		return "", because("proof: " + err.Error())
	}
	header := jws.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); typ != proofType {
		return "", because("proof of another type")
	}
	if header.JSONWebKey == nil || !header.JSONWebKey.IsPublic() || !fits(header.Algorithm, header.JSONWebKey.Key) {
		return "", because("proof has no fitting public key")
	}
	payload, err := jws.Verify(header.JSONWebKey.Key)
	if err != nil {
		return "", because("proof: " + err.Error())
	}
	var claims proofClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", because("proof: claims malformed")
	}
	if cause := s.unfit(claims, p, token); cause != "" {
		return "", because("proof " + cause)
	}
	jkt := thumbprint(header.JSONWebKey)
	return jkt, s.claimProof(ctx, jkt, claims)
}

// fits says whether a key is one of the algorithm's.
func fits(algorithm string, key any) bool {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return algorithm == string(jose.ES256) && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA)
	}
	return false
}

// unfit says why a proof is not for this request, if it is not.
func (s *Service) unfit(c proofClaims, p Presented, token string) string {
	age := s.now().Sub(time.Unix(c.IssuedAt, 0))
	switch {
	case c.ID == "" || len(c.ID) > 128:
		return "has no fitting jti"
	case c.Method != p.Method:
		return "for another method"
	case !s.isURL(c.URL, p.Path):
		return "for another URL"
	case age > proofAge:
		return "too old"
	case time.Unix(c.IssuedAt, 0).Before(s.since):
		return "from before this machine started"
	case age < -skew:
		return "of the future"
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		if !same(c.Access, base64.RawURLEncoding.EncodeToString(sum[:])) {
			return "for another access token"
		}
	}
	return ""
}

// isURL compares a proof's URL with where we are known to be reached, not with
// what headers say about it.
func (s *Service) isURL(htu, path string) bool {
	u, err := url.Parse(htu)
	if err != nil || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false
	}
	return origin(u) == s.url && u.EscapedPath() == path
}

// origin is the scheme, host and port of u in the one spelling that we use.
func origin(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else if scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host
}

// claimProof makes sure that a proof is used once, on any replica. A claim need
// not outlive a power cut: what was proven before the machine started does not
// count (Config.Since).
func (s *Service) claimProof(ctx context.Context, jkt string, c proofClaims) error {
	until := time.Unix(c.IssuedAt, 0).Add(proofAge + time.Minute)
	w := putUntil(kindProof, digest(jkt+"\n"+c.ID), struct{}{}, glovebox.IfAbsent, until)
	w.Lazy = true
	err := s.records.Commit(ctx, []glovebox.Write{w})
	if glovebox.KindOf(err) == glovebox.KindStale {
		return because("proof used before")
	}
	return err
}
