package identity

import (
	"crypto/sha256"
	"strconv"
	"testing"
	"time"
)

// TestKnownTokenStillEnds: a token whose signature need not be checked again
// is refused all the same once it has expired, its key is gone, or its session
// has ended.
func TestKnownTokenStillEnds(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *world, *member){
		"expired":       func(_ *testing.T, w *world, _ *member) { w.clock.pass(tokenLife) },
		"session ended": func(t *testing.T, w *world, m *member) { must(0, w.s.EndAllSessions(w.ctx, m.caller()))(t) },
		"key withdrawn": func(_ *testing.T, w *world, _ *member) {
			w.s.keys.mu.Lock()
			defer w.s.keys.mu.Unlock()
			w.s.keys.keys = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m, k := w.admin(), newKey(t)
			access := m.cli(k)
			for range 2 {
				must(w.s.Authenticate(w.ctx, k.presented(w, "GET", "/v1/jobs", access.Token)))(t)
			}
			if _, ok := w.s.verified.get(sha256.Sum256([]byte(access.Token))); !ok {
				t.Fatal("the token is not known")
			}
			end(t, w, m)
			w.wantRefused(func() error {
				_, err := w.s.Authenticate(w.ctx, k.presented(w, "GET", "/v1/jobs", access.Token))
				return err
			})
		})
	}
}

// TestKnownTokensAreBounded: what is in use stays, whatever else comes.
func TestKnownTokensAreBounded(t *testing.T) {
	var v verified
	used := sha256.Sum256([]byte("used"))
	v.put(used, verifiedToken{kid: "k"})
	for i := range 10 * maxVerified {
		v.put(sha256.Sum256([]byte(strconv.Itoa(i))), verifiedToken{})
		if _, ok := v.get(used); !ok {
			t.Fatalf("forgotten after %d", i)
		}
	}
	if n := len(v.now) + len(v.old); n > maxVerified {
		t.Errorf("%d tokens", n)
	}
}

// TestProofOutlivesTheProcess: a proof that was used before a restart is not
// good after it.
func TestProofOutlivesTheProcess(t *testing.T) {
	w := newWorld(t)
	m, k := w.admin(), newKey(t)
	access := m.cli(k)
	used := k.presented(w, "GET", "/v1/jobs", access.Token)
	must(w.s.Authenticate(w.ctx, used))(t)
	w.s = must(w.open(testRPID, testOrigin))(t)
	w.clock.pass(time.Second)
	w.wantRefused(func() error { _, err := w.s.Authenticate(w.ctx, used); return err })
}
