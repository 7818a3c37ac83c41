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
	issuerRetry = 5 * time.Second  // nor can tokens of an issuer that does not answer
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
	failed  time.Time // when it could not be fetched last
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
		if now.Sub(set.failed).Abs() < issuerRetry {
			return nil, unreachable()
		}
		fresh, err := k.fetchSet(ctx, issuer)
		if err != nil {
			set.failed = now
			return nil, err
		}
		set.keys, set.fetched = fresh, now
		found = set.keys.Key(kid)
	}
	if len(found) != 1 || !found[0].IsPublic() || found[0].Use != "" && found[0].Use != "sig" {
		return nil, because("token: key unknown")
	}
	return found[0].Key, nil
}

// fetchSet fetches and reads a key set. It goes on if the caller leaves, for
// others wait for the same.
func (k *issuerKeys) fetchSet(ctx context.Context, issuer string) (jose.JSONWebKeySet, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoverTime)
	defer cancel()
	var fresh jose.JSONWebKeySet
	data, err := k.fetch(ctx, issuer)
	if err != nil || len(data) > maxKeySet || json.Unmarshal(data, &fresh) != nil {
		return fresh, unreachable()
	}
	return fresh, nil
}

// unreachable says nothing of why: whoever asks need not be anybody we know,
// and is not to learn what answers in our network.
func unreachable() error {
	return glovebox.Errorf(glovebox.KindUnavailable, "the issuer's keys could not be fetched").
		Try("try again; an admin checks the issuer of the trust rule")
}
