package identity

import (
	"context"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"glovebox"
)

// BeginLogin issues a challenge for whoever has a passkey. The browser's page
// gives options to navigator.credentials.get.
func (s *Service) BeginLogin(ctx context.Context) (id string, options *protocol.CredentialAssertion, err error) {
	options, data, err := s.rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, glovebox.Errorf(glovebox.KindInternal, "begin login: %w", err)
	}
	id, err = s.begin(ctx, ceremony{Scope: scopeLogin, Data: *data}, ceremonyLife)
	return id, options, err
}

// FinishLogin checks the authenticator's answer (JSON, as the browser's
// toJSON gives it) and opens a browser session. device names it for its owner.
func (s *Service) FinishLogin(ctx context.Context, id string, response []byte, device string) (Session, string, error) {
	c, parsed, err := s.answer(ctx, id, scopeLogin, response)
	if err != nil {
		return Session{}, "", s.outcome(ctx, "session.open", err)
	}
	var opened Session
	var token string
	err = retried(func() error {
		used, err := s.verifyLogin(ctx, c.Data, parsed)
		if err != nil {
			return err
		}
		opened, token = s.openSession(used.person, SessionBrowser, device)
		opened.Passkey = used.passkey.ID
		return s.records.Commit(ctx, []glovebox.Write{used.write(s.now()), opened.write()},
			s.event(opened.Tenant, used.person.Principal().Name, "session.open", opened.ID,
				map[string]string{"kind": string(opened.Kind), "passkey": used.passkey.ID}))
	})
	if err != nil {
		return Session{}, "", s.outcome(ctx, "session.open", err)
	}
	opened.Hash = ""
	return opened, token, nil
}

// answer takes the challenge and then, not before, reads the answer to it.
func (s *Service) answer(ctx context.Context, id string, want scope, response []byte) (ceremony, *protocol.ParsedCredentialAssertionData, error) {
	c, err := s.take(ctx, id, want)
	if err != nil {
		return c, nil, err
	}
	if len(response) > maxResponse {
		return c, nil, because("answer too large")
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return c, nil, because("answer malformed: " + reason(err))
	}
	return c, parsed, nil
}

// verifyLogin finds whose passkey answered, and verifies that it did.
func (s *Service) verifyLogin(ctx context.Context, data webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) (use, error) {
	var u use
	var failed error // a store's error, or a refusal that knows whose it is
	find := func(rawID, userHandle []byte) (webauthn.User, error) {
		if failed = s.findUse(ctx, &u, rawID, userHandle); failed != nil {
			return nil, failed
		}
		return user{u.person, []webauthn.Credential{u.passkey.Credential}}, nil
	}
	_, credential, err := s.rp.ValidatePasskeyLogin(find, data, parsed)
	if failed != nil {
		return u, failed
	}
	return s.judge(ctx, u, credential, err, "session.open")
}

// findUse reads who and what an answer claims to be.
func (s *Service) findUse(ctx context.Context, u *use, rawID, userHandle []byte) error {
	h, _, err := load[handle](ctx, s, kindHandle, handleKey(userHandle))
	if missing(err) {
		return because("user handle unknown")
	}
	if err != nil {
		return err
	}
	if u.person, u.personVersion, err = s.person(ctx, h.Person); err != nil {
		return err
	}
	u.passkey, u.passkeyVersion, err = load[Passkey](ctx, s, kindPasskey, passkeyID(rawID))
	switch {
	case missing(err):
		return u.because("passkey unknown")
	case err != nil:
		return err
	}
	return u.usable()
}

// reason is what the library says was wrong. It goes into audit events.
func reason(err error) string {
	var e *protocol.Error
	if errors.As(err, &e) {
		return e.Details + " " + e.DevInfo
	}
	return err.Error()
}
