package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"glovebox"
)

const (
	grantPrefix = "grt_"
	grantLife   = time.Minute
)

// codeGrant carries a login from a browser to a program on the same machine:
// OAuth's authorization code with PKCE (RFC 7636, S256 alone).
type codeGrant struct {
	ID        string    `json:"id"`
	Hash      string    `json:"hash"`
	Caller    string    `json:"caller"`    // session that approved
	Challenge string    `json:"challenge"` // of PKCE
	Redirect  string    `json:"redirect"`  // exact, compared by us
	Name      string    `json:"name"`
	Until     time.Time `json:"until"`
}

// ApproveCode makes a code for the program that sent the caller's browser here
// with a PKCE challenge. The page has shown the caller what asks.
func (s *Service) ApproveCode(ctx context.Context, c Caller, challenge, redirect, name string) (string, error) {
	if err := s.Authorize(ctx, c, ActionSessionOpen, ""); err != nil {
		return "", err
	}
	if err := checkName("name", name); err != nil {
		return "", err
	}
	if len(challenge) != 43 {
		return "", glovebox.Errorf(glovebox.KindInvalid, "not a challenge by S256").On("challenge")
	}
	if !loopback(redirect) {
		return "", glovebox.Errorf(glovebox.KindInvalid, "a code is sent to this machine alone").On("redirectURI").
			Try("use http://127.0.0.1 with a port")
	}
	g := codeGrant{ID: glovebox.NewID(grantPrefix), Caller: c.Session.ID, Challenge: challenge, Redirect: redirect, Name: name,
		Until: s.now().Add(grantLife)}
	var token string
	token, g.Hash = bearer(g.ID)
	return token, s.records.Commit(ctx, []glovebox.Write{putUntil(kindGrant, g.ID, g, glovebox.IfAbsent, g.Until)},
		s.event(c.Tenant, c.Name, "grant.approve", g.ID, map[string]string{"name": clip(name)}))
}

// RedeemCode opens a session bound to the key that p proves, for the program
// that has the code's verifier. The code is used up by the first attempt,
// right or wrong.
func (s *Service) RedeemCode(ctx context.Context, code, verifier, redirect string, p Presented) (AccessToken, error) {
	g, c, jkt, err := s.redeem(ctx, code, verifier, redirect, p)
	if err != nil {
		return AccessToken{}, s.outcome(ctx, "grant.redeem", err)
	}
	return s.OpenKeySession(ctx, c, jkt, g.Name)
}

func (s *Service) redeem(ctx context.Context, code, verifier, redirect string, p Presented) (g codeGrant, c Caller, jkt string, err error) {
	id, secret := split(code)
	if id == "" {
		return g, c, "", because("code malformed")
	}
	g, version, err := load[codeGrant](ctx, s, kindGrant, id)
	if missing(err) {
		return g, c, "", because("code unknown or used")
	}
	if err != nil {
		return g, c, "", err
	}
	if !same(g.Hash, digest(secret)) { // who does not know the code cannot use it up
		return g, c, "", because("code wrong")
	}
	err = s.records.Commit(ctx, []glovebox.Write{drop(kindGrant, id, version)})
	sum := sha256.Sum256([]byte(verifier))
	switch {
	case glovebox.KindOf(err) == glovebox.KindStale:
		return g, c, "", because("code used at the same time")
	case err != nil:
		return g, c, "", err
	case !s.now().Before(g.Until):
		return g, c, "", because("code expired")
	case len(verifier) < 43 || len(verifier) > 128 || !same(g.Challenge, base64.RawURLEncoding.EncodeToString(sum[:])):
		return g, c, "", because("code verifier wrong")
	case redirect != g.Redirect:
		return g, c, "", because("code was sent elsewhere")
	}
	if c, err = s.recheck(ctx, g.Caller); err != nil {
		return g, c, "", err
	}
	jkt, err = s.checkProof(ctx, p, "")
	return g, c, jkt, err
}
