package identity

import (
	"context"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"glovebox"
)

const (
	ceremonyPrefix = "cer_"
	ceremonyLife   = 5 * time.Minute
	stepUpLife     = 2 * time.Minute // with one use, the bound on an assertion's age

	// maxResponse bounds what an authenticator sends. A real one sends 1–5 KB.
	maxResponse = 64 << 10
)

// scope is what a challenge is for. It is good for nothing else.
type scope string

const (
	scopeRegister scope = "register"
	scopeLogin    scope = "login"
	scopeStepUp   scope = "stepup"
)

// ceremony is an issued challenge and what it was issued for.
type ceremony struct {
	ID    string               `json:"id"`
	Scope scope                `json:"scope"`
	Data  webauthn.SessionData `json:"data"`
	Until time.Time            `json:"until"`

	Session   string     `json:"session,omitempty"` // that began it; empty at login and enrolment
	Link      string     `json:"link,omitempty"`    // that pays for an enrolment
	Person    *Person    `json:"person,omitempty"`  // that the enrolment makes or adds to
	Name      string     `json:"name,omitempty"`    // of the new passkey
	Operation *Operation `json:"operation,omitempty"`
	Nonce     []byte     `json:"nonce,omitempty"`
}

// begin stores a challenge.
func (s *Service) begin(ctx context.Context, c ceremony, life time.Duration) (string, error) {
	c.ID, c.Until = glovebox.NewID(ceremonyPrefix), s.now().Add(life)
	w := putUntil(kindCeremony, c.ID, c, glovebox.IfAbsent, c.Until)
	return c.ID, s.records.Commit(ctx, []glovebox.Write{w})
}

// take removes a challenge before anything is done with the answer to it. Of
// several that take the same one at once, one gets it: the delete holds the
// version that was read. Expiry is looked at here, by our clock, because
// neither the store nor the library does.
func (s *Service) take(ctx context.Context, id string, want scope) (ceremony, error) {
	if !glovebox.ValidID(ceremonyPrefix, id) {
		return ceremony{}, because("challenge unknown")
	}
	c, version, err := load[ceremony](ctx, s, kindCeremony, id)
	if missing(err) {
		return c, because("challenge unknown or used")
	}
	if err != nil {
		return c, err
	}
	err = s.records.Commit(ctx, []glovebox.Write{drop(kindCeremony, id, version)})
	switch {
	case glovebox.KindOf(err) == glovebox.KindStale:
		return c, because("challenge used at the same time")
	case err != nil:
		return c, err
	case !s.now().Before(c.Until):
		return c, because("challenge expired")
	case c.Scope != want:
		return c, because("challenge is for " + string(c.Scope))
	}
	return c, nil
}
