package identitytest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// Issuer is a CI system that gives its jobs tokens (OpenID Connect).
type Issuer struct {
	URL string
	key jose.JSONWebKey
}

// NewIssuer makes one that calls itself by a URL.
func NewIssuer(url string) *Issuer {
	return &Issuer{url, jose.JSONWebKey{Key: NewKey().Private, KeyID: rand.Text(), Algorithm: string(jose.ES256), Use: "sig"}}
}

// Fetch is an identity.FetchKeys.
func (i *Issuer) Fetch(context.Context, string) ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.key.Public()}})
}

// Token is one of a job on the main branch of acme/app, for an audience.
// change replaces claims, and nil takes one away.
func (i *Issuer) Token(now time.Time, audience string, change map[string]any) string {
	return Compact(jose.SigningKey{Algorithm: jose.ES256, Key: i.key}, "JWT", changed(map[string]any{
		"iss": i.URL, "aud": audience, "sub": "repo:acme/app:ref:refs/heads/main", "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"repository": "acme/app", "repository_id": "1296269", "repository_owner_id": "583231",
		"ref": "refs/heads/main", "event_name": "push",
	}, change))
}

// Claims are what a trust rule pins of Token's.
func (i *Issuer) Claims() map[string]string {
	return map[string]string{"repository_id": "1296269", "repository_owner_id": "583231", "ref": "refs/heads/main"}
}
