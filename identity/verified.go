package identity

import (
	"crypto/sha256"
	"sync"
)

// maxVerified bounds the tokens that are known to be ours: those in use at one
// time, by far.
const maxVerified = 8 << 10

// verified remembers what access tokens say whose signature was checked, by
// their hash, so that it need not be checked with each request. It says
// nothing about whether they still count: time, key, session and person are
// looked at each time.
type verified struct {
	mu       sync.Mutex
	now, old map[[sha256.Size]byte]verifiedToken
}

type verifiedToken struct {
	kid    string
	claims accessClaims
}

func (v *verified) get(sum [sha256.Size]byte) (verifiedToken, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if t, ok := v.now[sum]; ok {
		return t, true
	}
	t, ok := v.old[sum]
	if ok {
		v.keep(sum, t)
	}
	return t, ok
}

func (v *verified) put(sum [sha256.Size]byte, t verifiedToken) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keep(sum, t)
}

// keep forgets what was not used while half of the room was filled.
func (v *verified) keep(sum [sha256.Size]byte, t verifiedToken) {
	if len(v.now) >= maxVerified/2 || v.now == nil {
		v.now, v.old = map[[sha256.Size]byte]verifiedToken{}, v.now
	}
	v.now[sum] = t
}
