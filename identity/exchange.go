package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"glovebox"
)

const (
	maxOIDCToken = 16 << 10
	maxOIDCAge   = 5 * time.Minute // since it was issued
)

// Exchange gives a workload a short session for a token of a trusted issuer
// (the shape of RFC 8693): rule is the id of the rule to be judged by, p proves
// the key that the session will be bound to. A token is taken once.
func (s *Service) Exchange(ctx context.Context, rule, token string, p Presented) (AccessToken, error) {
	c, err := s.exchange(ctx, rule, token, p)
	if err != nil {
		return AccessToken{}, s.outcome(ctx, "workload.exchange", err)
	}
	return s.issue(ctx, c)
}

func (s *Service) exchange(ctx context.Context, rule, token string, p Presented) (Caller, error) {
	if !glovebox.ValidID(rulePrefix, rule) {
		return Caller{}, because("trust rule unknown")
	}
	r, _, err := load[TrustRule](ctx, s, kindRule, rule)
	if missing(err) {
		return Caller{}, because("trust rule unknown")
	}
	if err != nil {
		return Caller{}, err
	}
	claims, err := s.verifyOIDC(ctx, r, token)
	if err == nil {
		err = s.judgeOIDC(r, claims)
	}
	var jkt string
	if err == nil {
		jkt, err = s.checkProof(ctx, p, "")
	}
	if err != nil {
		if refusal, ok := err.(*refusal); ok {
			refusal.tenant, refusal.actor, refusal.target, refusal.detail = r.Tenant, r.principal().Name, r.ID, details(claims)
		}
		return Caller{}, err
	}
	now := s.now()
	v := Session{ID: sessionID(r.ID), Kind: SessionWorkload, Subject: r.ID, Tenant: r.Tenant, Name: r.Name, Created: now, Seen: now,
		Until: now.Add(time.Duration(r.Seconds) * time.Second), JKT: jkt, Actions: r.Actions}
	once := putUntil(kindOIDCToken, digest(r.Issuer+"\n"+text(claims["jti"])), struct{}{}, glovebox.IfAbsent, now.Add(2*maxOIDCAge))
	err = s.records.Commit(ctx, []glovebox.Write{once, v.write()},
		s.event(r.Tenant, r.principal().Name, "workload.exchange", v.ID, details(claims)))
	if glovebox.KindOf(err) == glovebox.KindStale {
		return Caller{}, &refusal{cause: "token used before", tenant: r.Tenant, actor: r.principal().Name, target: r.ID, detail: details(claims)}
	}
	return Caller{Principal: r.principal(), Subject: r.ID, Session: v}, err
}

// verifyOIDC checks the signature with a key of the rule's issuer. The token
// chooses neither issuer nor algorithm, only which of the issuer's keys.
func (s *Service) verifyOIDC(ctx context.Context, r TrustRule, token string) (map[string]any, error) {
	if len(token) > maxOIDCToken || strings.Count(token, ".") != 2 {
		return nil, because("token malformed")
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA})
	if err != nil {
		return nil, because("token: " + err.Error())
	}
	key, err := s.issuers.key(ctx, r.Issuer, jws.Signatures[0].Protected.KeyID, s.now())
	if err != nil {
		return nil, err
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, because("token: " + err.Error())
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber() // ids are longer than a float is exact
	var claims map[string]any
	if err := decoder.Decode(&claims); err != nil || len(claims) > 100 {
		return nil, because("token: claims malformed")
	}
	return claims, nil
}

// judgeOIDC compares what the issuer says with what the rule wants.
func (s *Service) judgeOIDC(r TrustRule, claims map[string]any) error {
	now := s.now()
	issued, expires := seconds(claims["iat"]), seconds(claims["exp"])
	switch {
	case text(claims["iss"]) != r.Issuer:
		return because("token of another issuer")
	case !includes(claims["aud"], r.Audience):
		return because("token for another audience")
	case issued.IsZero() || expires.IsZero() || text(claims["jti"]) == "":
		return because("token lacks a claim")
	case !now.Before(expires):
		return because("token expired")
	case now.Sub(issued) > maxOIDCAge:
		return because("token too old")
	case now.Add(skew).Before(issued) || now.Add(skew).Before(seconds(claims["nbf"])):
		return because("token of the future")
	}
	for name, want := range r.Claims {
		if text(claims[name]) != want {
			return because("token's claim " + name + " differs")
		}
	}
	// Whoever can open a pull request can run code in its job.
	if event := text(claims["event_name"]); strings.HasPrefix(event, "pull_request") && !has(r, "event_name") {
		return because("token of a pull request")
	}
	return nil
}

// text is a claim as rules spell it.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

// seconds is a time claim, or no time if it is missing or out of reason.
func seconds(v any) time.Time {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}
	}
	f, err := n.Float64()
	if err != nil || f < 1 || f > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(f), 0)
}

// includes says whether an audience claim, which is a text or a list, names us.
func includes(v any, want string) bool {
	if all, ok := v.([]any); ok {
		for _, one := range all {
			if text(one) == want {
				return true
			}
		}
		return false
	}
	return text(v) == want
}

// maxDetails keeps an event with all claims within what a store takes.
const maxDetails = 10 << 10

// details are all claims, for the audit log; of an absurd number of them, as
// many as fit, in the order of their names.
func details(claims map[string]any) map[string]string {
	d := make(map[string]string, len(claims))
	size := 0
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		key, value := "claim."+clip(name), clip(fmt.Sprint(claims[name]))
		spelled, err := json.Marshal([]string{key, value})
		if size += len(spelled); err != nil || size > maxDetails {
			d["left_out"] = fmt.Sprint(len(claims) - len(d))
			break
		}
		d[key] = value
	}
	return d
}
