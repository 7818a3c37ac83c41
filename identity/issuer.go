package identity

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"glovebox"
)

const (
	issuerFresh = 10 * time.Minute // a key that the issuer withdraws counts no longer
	issuerPause = 30 * time.Second // unknown key ids cannot make us ask more often
	maxKeySet   = 1 << 20
)

// FetchKeys gets the key set (a JWKS document) of an issuer, by OpenID Connect
// discovery over https. It is only called with issuers of trust rules.
type FetchKeys func(ctx context.Context, issuer string) ([]byte, error)

// issuerKeys are the key sets of trusted issuers. One slow issuer holds up
// nobody who comes from another.
type issuerKeys struct {
	fetch FetchKeys
	mu    sync.Mutex
	sets  map[string]*issuerSet
}

type issuerSet struct {
	mu      sync.Mutex
	keys    jose.JSONWebKeySet
	fetched time.Time
}

// key finds one of an issuer's keys. A key that is not known may be new, so
// then the set is fetched again, but not at anybody's pace.
func (k *issuerKeys) key(ctx context.Context, issuer, kid string, now time.Time) (any, error) {
	if k.fetch == nil {
		return nil, because("federation is off")
	}
	k.mu.Lock()
	if k.sets == nil {
		k.sets = map[string]*issuerSet{}
	}
	set := k.sets[issuer]
	if set == nil {
		set = &issuerSet{}
		k.sets[issuer] = set
	}
	k.mu.Unlock()

	set.mu.Lock()
	defer set.mu.Unlock()
	found := set.keys.Key(kid)
	age := now.Sub(set.fetched)
	if age >= issuerFresh || len(found) == 0 && age >= issuerPause {
		data, err := k.fetch(ctx, issuer)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindUnavailable, "key set of %s: %w", issuer, err)
		}
		var fresh jose.JSONWebKeySet
		if len(data) > maxKeySet || json.Unmarshal(data, &fresh) != nil {
			return nil, glovebox.Errorf(glovebox.KindUnavailable, "the key set of %s cannot be read", issuer)
		}
		set.keys, set.fetched = fresh, now
		found = set.keys.Key(kid)
	}
	if len(found) != 1 || !found[0].IsPublic() || found[0].Use != "" && found[0].Use != "sig" {
		return nil, because("token: key unknown")
	}
	return found[0].Key, nil
}
