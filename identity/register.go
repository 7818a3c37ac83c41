package identity

import (
	"context"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"glovebox"
)

// RegisterOperation is what a person signs, with a passkey they have, to add
// another one.
func RegisterOperation(name string) Operation {
	return operation(ActionPasskeyAdd, "", struct {
		Name string `json:"name"`
	}{name})
}

// BeginRegister issues a challenge for another passkey of the caller. A
// recovery session needs no signature: it exists for this. KindConflict for
// who has as many passkeys as one can have.
func (s *Service) BeginRegister(ctx context.Context, c Caller, name string, signed *SignedOperation) (string, *protocol.CredentialCreation, error) {
	if err := checkName("name", name); err != nil {
		return "", nil, err
	}
	if c.Session.Kind != SessionRecovery {
		if err := s.Spend(ctx, c, RegisterOperation(name), signed); err != nil {
			return "", nil, err
		}
	} else if err := s.Authorize(ctx, c, ActionPasskeyAdd, ""); err != nil {
		return "", nil, err
	}
	p, _, err := s.person(ctx, c.Subject)
	if err != nil {
		return "", nil, err
	}
	return s.beginRegistration(ctx, ceremony{Session: c.Session.ID, Person: &p, Name: name})
}

// beginRegistration issues a challenge for a passkey of c.Person.
func (s *Service) beginRegistration(ctx context.Context, c ceremony) (string, *protocol.CredentialCreation, error) {
	if len(c.Person.Passkeys) >= maxPasskeys {
		return "", nil, glovebox.Errorf(glovebox.KindConflict, "nobody can have more than %d usable passkeys", maxPasskeys).Try("remove one first")
	}
	u, err := s.user(ctx, *c.Person)
	if err != nil {
		return "", nil, err
	}
	options, data, err := s.rp.BeginRegistration(u, webauthn.WithExclusions(u.descriptors()))
	if err != nil {
		return "", nil, glovebox.Errorf(glovebox.KindInternal, "begin registration: %w", err)
	}
	c.Scope, c.Data = scopeRegister, *data
	id, err := s.begin(ctx, c, ceremonyLife)
	return id, options, err
}

// FinishRegister checks the authenticator's answer and adds the passkey. A
// recovery session ends with it.
func (s *Service) FinishRegister(ctx context.Context, c Caller, id string, response []byte) (Passkey, error) {
	begun, k, err := s.registered(ctx, id, response)
	if err == nil && begun.Session != c.Session.ID {
		err = because("challenge of another session")
	}
	if err == nil {
		err = retried(func() error {
			var p Person
			var version int64
			if p, version, err = s.person(ctx, c.Subject); err != nil {
				return err
			}
			if err := s.unregistered(ctx, k); err != nil {
				return err
			}
			if len(p.Passkeys) >= maxPasskeys {
				return because("too many passkeys")
			}
			p.Passkeys = append(p.Passkeys, k.ID)
			writes := []glovebox.Write{put(kindPerson, p.ID, p, version), put(kindPasskey, k.ID, k, glovebox.IfAbsent)}
			if c.Session.Kind == SessionRecovery {
				writes = append(writes, drop(kindSession, c.Session.ID, glovebox.IfAny))
			}
			return s.records.Commit(ctx, writes, s.event(c.Tenant, c.Name, "passkey.add", k.ID, k.detail()))
		})
	}
	if r, ok := err.(*refusal); ok {
		r.tenant, r.actor = c.Tenant, c.Name
	}
	return k, s.outcome(ctx, "passkey.add", err)
}

// registered takes the challenge and verifies the answer to it.
func (s *Service) registered(ctx context.Context, id string, response []byte) (ceremony, Passkey, error) {
	c, err := s.take(ctx, id, scopeRegister)
	if err != nil {
		return c, Passkey{}, err
	}
	if len(response) > maxResponse {
		return c, Passkey{}, because("answer too large")
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return c, Passkey{}, because("answer malformed: " + reason(err))
	}
	credential, err := s.rp.CreateCredential(user{person: *c.Person}, c.Data, parsed)
	if err != nil {
		return c, Passkey{}, because(reason(err))
	}
	now := s.now()
	return c, Passkey{ID: passkeyID(credential.ID), Person: c.Person.ID, Name: c.Name, RPID: c.Data.RelyingPartyID,
		Created: now, Used: now, Credential: *credential}, nil
}

// unregistered refuses a credential that is known already. The conditional
// write that follows holds it.
func (s *Service) unregistered(ctx context.Context, k Passkey) error {
	_, _, err := load[Passkey](ctx, s, kindPasskey, k.ID)
	if missing(err) {
		return nil
	}
	if err == nil {
		err = because("passkey registered before")
	}
	return err
}
