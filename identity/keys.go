package identity

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strconv"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"glovebox"
)

// A key signs for keyLifetime. The next one is published keyLead before it is
// used, so that whoever caches the set knows it; the old one stays published
// for keyTail, longer than the longest token lives.
const (
	keyLifetime = 24 * time.Hour
	keyLead     = time.Hour
	keyTail     = tokenLife + time.Minute
	keyFresh    = time.Minute // how long the set in memory is believed
)

// signingKey is a key as it is stored, private half and all.
type signingKey struct {
	Number  int             `json:"number"`
	Private jose.JSONWebKey `json:"private"`
	From    time.Time       `json:"from"`  // signs from
	Until   time.Time       `json:"until"` // signs until
}

// keySet is the set in memory. A key id of a token finds a key here or none.
type keySet struct {
	mu     sync.Mutex
	keys   []signingKey
	loaded time.Time
}

// Rotate makes the next signing key when its time comes and removes those that
// no valid token can need. It happens by itself whenever a token is issued or
// checked; call it once an hour so that it does in idle times too.
func (s *Service) Rotate(ctx context.Context) error {
	return retried(func() error {
		all, err := list[signingKey](ctx, s, kindKey, "")
		if err != nil {
			return err
		}
		now := s.now()
		var writes []glovebox.Write
		var events []glovebox.AuditEvent
		if n := len(all); n == 0 || !now.Before(all[n-1].Until.Add(-keyLead)) {
			next := makeKey(all, now)
			all = append(all, next)
			writes = append(writes, put(kindKey, keyName(next.Number), next, glovebox.IfAbsent))
			events = append(events, s.event(installation, "", "key.create", next.Private.KeyID, nil))
		}
		all = slices.DeleteFunc(all, func(k signingKey) bool {
			old := !now.Before(k.Until.Add(keyTail))
			if old {
				writes = append(writes, drop(kindKey, keyName(k.Number), glovebox.IfAny))
				events = append(events, s.event(installation, "", "key.remove", k.Private.KeyID, nil))
			}
			return old
		})
		if len(writes) > 0 {
			if err := s.records.Commit(ctx, writes, events...); err != nil {
				return err
			}
		}
		s.keys.mu.Lock()
		defer s.keys.mu.Unlock()
		s.keys.keys, s.keys.loaded = all, now
		return nil
	})
}

// makeKey makes the key that follows the last one. Two replicas that do so at
// once give it the same name, and one of them has to read again.
func makeKey(all []signingKey, now time.Time) signingKey {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	jwk := jose.JSONWebKey{Key: private, Algorithm: string(jose.EdDSA), Use: "sig"}
	jwk.KeyID = thumbprint(&jose.JSONWebKey{Key: public})
	k := signingKey{Number: 1, Private: jwk, From: now}
	if n := len(all); n > 0 {
		k.Number = all[n-1].Number + 1
		if all[n-1].Until.After(now) {
			k.From = all[n-1].Until
		}
	}
	k.Until = k.From.Add(keyLifetime)
	return k
}

// keyName sorts as its number.
func keyName(n int) string {
	text := strconv.Itoa(n)
	return "0000000000"[:10-len(text)] + text
}

// thumbprint is RFC 7638's, in base64url.
func thumbprint(jwk *jose.JSONWebKey) string {
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// all returns the set, not older than keyFresh.
func (s *Service) signingKeys(ctx context.Context) ([]signingKey, error) {
	s.keys.mu.Lock()
	keys, age := s.keys.keys, s.now().Sub(s.keys.loaded)
	s.keys.mu.Unlock()
	if age >= 0 && age < keyFresh {
		return keys, nil
	}
	if err := s.Rotate(ctx); err != nil {
		return nil, err
	}
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	return s.keys.keys, nil
}

// JWKS is the set of public keys, to be served to whoever checks our tokens.
func (s *Service) JWKS(ctx context.Context) (jose.JSONWebKeySet, error) {
	keys, err := s.signingKeys(ctx)
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.Private.Public())
	}
	return set, err
}
