package identity

import (
	"context"
	"slices"
	"time"

	"glovebox"
)

// live turns a stored session into its caller if it still counts: by the
// clock, and by what has become of its person, passkey or rule. Everything is
// read again each time, so an end takes effect on the next check.
func (s *Service) live(ctx context.Context, v Session) (Caller, error) {
	now := s.now()
	switch {
	case !now.Before(v.Until):
		return Caller{}, about(v, "session expired")
	case v.Kind == SessionBrowser && now.Sub(v.Seen) >= browserIdle:
		return Caller{}, about(v, "session idle for too long")
	case v.Kind == SessionWorkload:
		return s.liveWorkload(ctx, v)
	}
	p, _, err := s.person(ctx, v.Subject)
	switch {
	case missing(err):
		return Caller{}, about(v, "person unknown")
	case err != nil:
		return Caller{}, err
	case p.Disabled:
		return Caller{}, about(v, "person disabled")
	case p.Epoch != v.Epoch:
		return Caller{}, about(v, "all sessions of the person were ended")
	case v.Kind != SessionRecovery && !slices.Contains(p.Passkeys, v.Passkey):
		return Caller{}, about(v, "passkey removed or disabled")
	}
	return Caller{Principal: p.Principal(), Subject: p.ID, Role: p.Role, Session: v}, nil
}

// liveWorkload is live for sessions that a trust rule gave.
func (s *Service) liveWorkload(ctx context.Context, v Session) (Caller, error) {
	r, _, err := load[TrustRule](ctx, s, kindRule, v.Subject)
	if missing(err) {
		return Caller{}, about(v, "trust rule removed")
	}
	if err != nil {
		return Caller{}, err
	}
	return Caller{Principal: r.principal(), Subject: r.ID, Session: v}, nil
}

// about is a refusal that concerns a known session.
func about(v Session, cause string) *refusal {
	return &refusal{cause: cause, tenant: v.Tenant, actor: v.Subject, target: v.ID}
}

// checkSecret finds the live session that a cookie's token holds.
func (s *Service) checkSecret(ctx context.Context, token string) (Caller, error) {
	id, secret := split(token)
	if id == "" {
		return Caller{}, because("session token malformed")
	}
	v, version, err := load[Session](ctx, s, kindSession, id)
	if missing(err) {
		return Caller{}, because("session unknown or ended")
	}
	if err != nil {
		return Caller{}, err
	}
	if v.Hash == "" || !same(v.Hash, digest(secret)) {
		return Caller{}, about(v, "session secret wrong")
	}
	c, err := s.live(ctx, v)
	if err != nil {
		return c, err
	}
	return c, s.seen(ctx, v, version)
}

// seen notes that a browser's session is in use, now and then. If somebody
// else wrote it in between, they noted the same or ended it.
func (s *Service) seen(ctx context.Context, v Session, version int64) error {
	now := s.now()
	if v.Kind != SessionBrowser || now.Sub(v.Seen) < seenEvery {
		return nil
	}
	v.Seen = now
	err := s.records.Commit(ctx, []glovebox.Write{putUntil(kindSession, v.ID, v, version, v.Until)})
	if glovebox.KindOf(err) == glovebox.KindStale {
		return nil
	}
	return err
}

// Recheck returns the caller as of now, for those who held on to one; another
// replica may have ended the session.
func (s *Service) Recheck(ctx context.Context, c Caller) (Caller, error) {
	fresh, err := s.recheck(ctx, c.Session.ID)
	if err != nil {
		return Caller{}, s.outcome(ctx, "session.check", err)
	}
	return fresh, nil
}

func (s *Service) recheck(ctx context.Context, id string) (Caller, error) {
	v, _, err := load[Session](ctx, s, kindSession, id)
	if missing(err) {
		return Caller{}, because("session unknown or ended")
	}
	if err != nil {
		return Caller{}, err
	}
	return s.live(ctx, v)
}

// Expires is when the session ends at the latest.
func (c Caller) Expires() time.Time { return c.Session.Until }
