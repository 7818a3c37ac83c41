package identity

import (
	"context"
	"strings"

	"glovebox"
)

// Authenticate says who a request is from: by the browser's cookie, or by an
// access token with a proof of its key. KindUnauthorized with one and the same
// text for everything that is wrong; a request that presents nothing at all
// gets it too, and is not worth an audit event.
func (s *Service) Authenticate(ctx context.Context, p Presented) (Caller, error) {
	if p.Cookie == "" && len(p.Authorization) == 0 {
		return Caller{}, refused()
	}
	c, err := s.authenticate(ctx, p)
	if err != nil {
		return Caller{}, s.outcome(ctx, "session.use", err)
	}
	c.Session.Hash = ""
	return c, nil
}

// Unreadable is Authenticate for a request whose headers were longer than
// anybody reads, so that nobody knows what it presents.
func (s *Service) Unreadable(ctx context.Context) error {
	return s.outcome(ctx, "session.use", because("headers too long"))
}

func (s *Service) authenticate(ctx context.Context, p Presented) (Caller, error) {
	if p.Cookie != "" {
		if len(p.Authorization) > 0 || len(p.DPoP) > 0 {
			return Caller{}, because("two ways of authenticating")
		}
		return s.checkSecret(ctx, p.Cookie)
	}
	if len(p.Authorization) != 1 {
		return Caller{}, because("several Authorization headers")
	}
	scheme, token, _ := strings.Cut(p.Authorization[0], " ")
	if !strings.EqualFold(scheme, "DPoP") {
		return Caller{}, because("another scheme than DPoP")
	}
	c, err := s.checkToken(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	jkt, err := s.checkProof(ctx, p, token)
	if err != nil {
		return Caller{}, named(err, c.Session)
	}
	if !same(jkt, c.Session.JKT) {
		return Caller{}, about(c.Session, "proof by another key")
	}
	return c, nil
}

// named adds to a refusal whose session it was about.
func named(err error, v Session) error {
	if r, ok := err.(*refusal); ok {
		r.tenant, r.actor, r.target = v.Tenant, v.Subject, v.ID
	}
	return err
}

// ProvenKey returns the thumbprint of the key with which a request without an
// access token proves itself, for a session that is to be bound to it.
func (s *Service) ProvenKey(ctx context.Context, p Presented) (string, error) {
	jkt, err := s.checkProof(ctx, p, "")
	if err != nil {
		return "", s.outcome(ctx, "session.open", err)
	}
	return jkt, nil
}

// OpenKeySession opens a session of the caller that is bound to a key of
// theirs, such as the CLI's. name is what the device calls itself. It ends no
// later than the session that opened it, so nobody goes on from session to
// session without a passkey.
func (s *Service) OpenKeySession(ctx context.Context, c Caller, jkt, name string) (AccessToken, error) {
	if err := s.Authorize(ctx, c, ActionSessionOpen, ""); err != nil {
		return AccessToken{}, err
	}
	if len(jkt) != 43 {
		return AccessToken{}, glovebox.Errorf(glovebox.KindInvalid, "not a key's thumbprint").On("jkt")
	}
	p, _, err := s.person(ctx, c.Subject)
	if err != nil {
		return AccessToken{}, err
	}
	v, _ := s.openSession(p, SessionKey, name)
	// The epoch is the caller's, not what was read now: if all sessions were
	// ended since the caller was checked, this one must not outlive them.
	v.JKT, v.Passkey, v.Epoch = jkt, c.Session.Passkey, c.Session.Epoch
	if v.Until.After(c.Session.Until) {
		v.Until = c.Session.Until
	}
	err = s.records.Commit(ctx, []glovebox.Write{v.write()},
		s.event(c.Tenant, c.Name, "session.open", v.ID, map[string]string{"kind": string(v.Kind), "name": v.Name, "jkt": jkt, "by": c.Session.ID}))
	if err != nil {
		return AccessToken{}, err
	}
	c.Session = v
	return s.issue(ctx, c)
}

// Refresh issues another access token for a session to who holds its key. The
// session's id is no secret; the proof is what counts.
func (s *Service) Refresh(ctx context.Context, session string, p Presented) (AccessToken, error) {
	c, err := s.refreshed(ctx, session, p)
	if err != nil {
		return AccessToken{}, s.outcome(ctx, "session.refresh", err)
	}
	return s.issue(ctx, c)
}

func (s *Service) refreshed(ctx context.Context, session string, p Presented) (Caller, error) {
	if !plain(session) {
		return Caller{}, because("session id malformed")
	}
	c, err := s.recheck(ctx, session)
	if err != nil {
		return c, err
	}
	jkt, err := s.checkProof(ctx, p, "")
	if err != nil {
		return c, named(err, c.Session)
	}
	if c.Session.JKT == "" || !same(jkt, c.Session.JKT) {
		return c, about(c.Session, "proof by another key")
	}
	return c, nil
}
