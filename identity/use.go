package identity

import (
	"context"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"glovebox"
)

// use is one use of a passkey: who it belongs to, and in which versions both
// were read, so that what follows from it is written only if they still are.
type use struct {
	person         Person
	personVersion  int64
	passkey        Passkey
	passkeyVersion int64
}

// because is a refusal that knows whose passkey it was.
func (u use) because(cause string) *refusal {
	return &refusal{cause: cause, tenant: u.person.Tenant, actor: u.person.Principal().Name, target: u.passkey.ID}
}

// usable refuses passkeys that no longer count, and other people's.
func (u use) usable() error {
	switch {
	case u.passkey.Person != u.person.ID:
		return u.because("passkey of another person")
	case u.passkey.Disabled != "":
		return u.because("passkey disabled: " + u.passkey.Disabled)
	case u.person.Disabled:
		return u.because("person disabled")
	}
	return nil
}

// write stores the sign count, flags and time of use.
func (u use) write(now time.Time) glovebox.Write {
	u.passkey.Used = now
	return put(kindPasskey, u.passkey.ID, u.passkey, u.passkeyVersion)
}

// judge decides by what the library found. A sign count that did not go up
// means that there may be a second copy of the key: the library only warns, we
// refuse and disable the passkey.
func (s *Service) judge(ctx context.Context, u use, credential *webauthn.Credential, err error, action string) (use, error) {
	if err != nil {
		return u, u.because(reason(err))
	}
	if credential.Authenticator.CloneWarning {
		return u, s.disablePasskey(ctx, u, action)
	}
	u.passkey.Credential = *credential
	return u, nil
}

// disablePasskey takes a passkey that may have been copied out of use. Its
// sessions end with it.
func (s *Service) disablePasskey(ctx context.Context, u use, action string) error {
	const why = "sign count went back: it may have been copied"
	u.passkey.Disabled = why
	u.person.Passkeys = without(u.person.Passkeys, u.passkey.ID)
	u.person.Retired = append(u.person.Retired, u.passkey.ID)
	refusal := s.event(u.person.Tenant, u.person.Principal().Name, action, u.passkey.ID, map[string]string{"cause": why})
	refusal.OK, refusal.Kind = false, glovebox.KindUnauthorized
	err := s.records.Commit(ctx, []glovebox.Write{
		put(kindPasskey, u.passkey.ID, u.passkey, u.passkeyVersion),
		put(kindPerson, u.person.ID, u.person, u.personVersion),
	}, refusal, s.event(u.person.Tenant, "", "passkey.disable", u.passkey.ID, map[string]string{"cause": why}))
	if err != nil {
		return err
	}
	s.ended.cutPasskey(u.passkey.ID)
	return refused()
}
