package identity

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"glovebox"
)

const (
	tokenLife   = 15 * time.Minute
	tokenType   = "at+jwt"
	tokenPrefix = "tok_"
	maxToken    = 8 << 10
	skew        = 5 * time.Second // between our replicas' clocks
)

// AccessToken is a token for API calls. It is worth nothing without the key
// that its session is bound to.
type AccessToken struct {
	Token   string
	Type    string // "DPoP"
	Expires time.Time
	Session Session
}

// accessClaims is what an access token says. What it says of tenant and role
// is for reading: the check takes both from the store.
type accessClaims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub"`
	Expires   int64  `json:"exp"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	ID        string `json:"jti"`
	Session   string `json:"sid"`
	Tenant    string `json:"tenant"`
	Role      string `json:"role"`
	Confirm   struct {
		JKT string `json:"jkt"`
	} `json:"cnf"`
}

// issue signs a token for a session that is bound to a key.
func (s *Service) issue(ctx context.Context, c Caller) (AccessToken, error) {
	now := s.now()
	keys, err := s.signingKeys(ctx)
	if err != nil {
		return AccessToken{}, err
	}
	var key *signingKey
	for i := range keys {
		if !now.Before(keys[i].From) && now.Before(keys[i].Until) {
			key = &keys[i]
		}
	}
	if key == nil {
		return AccessToken{}, glovebox.Errorf(glovebox.KindInternal, "there is no signing key for now")
	}
	expires := now.Add(tokenLife)
	if c.Session.Until.Before(expires) {
		expires = c.Session.Until
	}
	claims := accessClaims{Issuer: s.url, Audience: s.url, Subject: c.Subject, Expires: expires.Unix(), IssuedAt: now.Unix(),
		NotBefore: now.Unix(), ID: glovebox.NewID(tokenPrefix), Session: c.Session.ID, Tenant: c.Tenant, Role: string(c.Role)}
	if c.Kind == PrincipalWorkload {
		claims.Role = string(PrincipalWorkload)
	}
	claims.Confirm.JKT = c.Session.JKT
	signed, err := sign(key.Private, claims)
	c.Session.Hash = ""
	return AccessToken{Token: signed, Type: "DPoP", Expires: time.Unix(claims.Expires, 0), Session: c.Session}, err
}

func sign(key jose.JSONWebKey, claims accessClaims) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType(tokenType)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, options)
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindInternal, "sign access token: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindInternal, "sign access token: %w", err)
	}
	return signed.CompactSerialize()
}

// checkToken verifies a token and finds its session. The length is capped
// before anything looks inside; the algorithm is ours, not the header's; the
// header's key id only picks from our set.
func (s *Service) checkToken(ctx context.Context, token string) (Caller, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return Caller{}, because("access token malformed")
	}
	keys, err := s.signingKeys(ctx)
	if err != nil {
		return Caller{}, err
	}
	sum := sha256.Sum256([]byte(token))
	known, ok := s.verified.get(sum)
	if !ok || !slices.ContainsFunc(keys, func(k signingKey) bool { return k.Private.KeyID == known.kid }) {
		if known, err = verifyToken(token, keys); err != nil {
			return Caller{}, err
		}
		s.verified.put(sum, known)
	}
	return s.holder(ctx, known.claims)
}

// verifyToken checks the signature and returns what the token says.
func verifyToken(token string, keys []signingKey) (verifiedToken, error) {
	none := verifiedToken{}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return none, because("access token: " + err.Error())
	}
	header := jws.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); typ != tokenType {
		return none, because("access token of another type")
	}
	i := slices.IndexFunc(keys, func(k signingKey) bool { return k.Private.KeyID == header.KeyID })
	if i < 0 {
		return none, because("access token: key unknown")
	}
	payload, err := jws.Verify(keys[i].Private.Public().Key)
	if err != nil {
		return none, because("access token: " + err.Error())
	}
	known := verifiedToken{kid: header.KeyID}
	if err := json.Unmarshal(payload, &known.claims); err != nil {
		return none, because("access token: claims malformed")
	}
	return known, nil
}

// holder finds the live session of who holds a token that is ours.
func (s *Service) holder(ctx context.Context, claims accessClaims) (Caller, error) {
	if cause := s.wrong(claims); cause != "" {
		return Caller{}, because("access token " + cause)
	}
	v, _, err := load[Session](ctx, s, kindSession, claims.Session)
	if missing(err) {
		return Caller{}, &refusal{cause: "session ended", tenant: claims.Tenant, actor: claims.Subject, target: claims.Session}
	}
	if err != nil {
		return Caller{}, err
	}
	if v.Subject != claims.Subject || v.Tenant != claims.Tenant || v.JKT == "" || !same(v.JKT, claims.Confirm.JKT) {
		return Caller{}, about(v, "access token does not fit its session")
	}
	return s.live(ctx, v)
}

// wrong says which claim cannot be, if one cannot.
func (s *Service) wrong(c accessClaims) string {
	now := s.now()
	expires, issued, from := time.Unix(c.Expires, 0), time.Unix(c.IssuedAt, 0), time.Unix(c.NotBefore, 0)
	switch {
	case c.Issuer != s.url:
		return "of another issuer"
	case c.Audience != s.url:
		return "for another audience"
	case c.Expires == 0 || c.IssuedAt == 0 || c.NotBefore == 0 || c.ID == "" || c.Subject == "" || !plain(c.Session) || c.Tenant == "" || c.Role == "":
		return "lacks a claim"
	case !now.Before(expires):
		return "expired"
	case now.Add(skew).Before(from) || now.Add(skew).Before(issued):
		return "of the future"
	case expires.Sub(issued) > tokenLife+time.Second:
		return "lives too long"
	}
	return ""
}
