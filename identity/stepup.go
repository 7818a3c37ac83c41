package identity

import (
	"context"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"glovebox"
)

// signatureLife is how long after FinishStepUp its result can be acted on.
const signatureLife = time.Minute

// BeginStepUp issues a challenge that is the hash of o. Whoever may not do it
// anyway is not asked to sign it; neither is anybody for a rule that WriteRule
// would refuse.
func (s *Service) BeginStepUp(ctx context.Context, c Caller, o Operation) (id string, options *protocol.CredentialAssertion, err error) {
	if o.Action == "" {
		return "", nil, glovebox.Errorf(glovebox.KindInvalid, "which action is not said").On("action").Try("see actions of GET /v1/me")
	}
	if err := s.Authorize(ctx, c, o.Action, o.Resource); err != nil {
		return "", nil, err
	}
	if c.Kind != PrincipalPerson || c.Session.Kind == SessionRecovery {
		return "", nil, s.deny(ctx, c, o.Action, o.Resource, "has no passkey")
	}
	if err := s.checkProposal(o); err != nil {
		return "", nil, err
	}
	o.Tenant, o.Person = c.Tenant, c.Subject
	nonce := random(16)
	challenge, err := o.Challenge(nonce)
	if err != nil {
		return "", nil, err
	}
	p, _, err := s.person(ctx, c.Subject)
	if err != nil {
		return "", nil, err
	}
	u, err := s.user(ctx, p)
	if err != nil {
		return "", nil, err
	}
	options, data, err := s.rp.BeginLogin(u, webauthn.WithUserVerification(protocol.VerificationRequired), webauthn.WithChallenge(challenge))
	if err != nil {
		return "", nil, glovebox.Errorf(glovebox.KindInternal, "begin step-up: %w", err)
	}
	id, err = s.begin(ctx, ceremony{Scope: scopeStepUp, Data: *data, Session: c.Session.ID, Operation: &o, Nonce: nonce}, stepUpLife)
	return id, options, err
}

// FinishStepUp checks that the caller signed o and nothing else. The result
// can be acted on once, within a minute; kept, it can be checked for ever.
// KindConflict if o is not the operation that was begun.
func (s *Service) FinishStepUp(ctx context.Context, c Caller, id string, o Operation, response []byte) (*SignedOperation, error) {
	begun, parsed, err := s.answer(ctx, id, scopeStepUp, response)
	if err == nil && begun.Session != c.Session.ID {
		err = because("challenge of another session")
	}
	if err != nil {
		return nil, s.stepUpOutcome(ctx, c, err)
	}
	o.Tenant, o.Person = c.Tenant, c.Subject
	if !o.equal(*begun.Operation) {
		return nil, s.mismatch(ctx, c, o)
	}
	var signed *SignedOperation
	err = retried(func() error {
		used, err := s.verifyStepUp(ctx, c, begun, parsed)
		if err != nil {
			return err
		}
		signed = s.signed(used, begun, parsed)
		return s.records.Commit(ctx, []glovebox.Write{used.write(s.now())},
			s.event(c.Tenant, c.Name, "operation.sign", o.Resource,
				map[string]string{"action": string(o.Action), "passkey": used.passkey.ID, "challenge": begun.Data.Challenge}))
	})
	if err != nil {
		return nil, s.stepUpOutcome(ctx, c, err)
	}
	return signed, nil
}

// verifyStepUp verifies an answer by one of the caller's own passkeys.
func (s *Service) verifyStepUp(ctx context.Context, c Caller, begun ceremony, parsed *protocol.ParsedCredentialAssertionData) (use, error) {
	var u use
	var err error
	if u.person, u.personVersion, err = s.person(ctx, c.Subject); err != nil {
		return u, err
	}
	u.passkey, u.passkeyVersion, err = load[Passkey](ctx, s, kindPasskey, passkeyID(parsed.RawID))
	if missing(err) {
		return u, u.because("passkey unknown")
	}
	if err != nil {
		return u, err
	}
	if err := u.usable(); err != nil {
		return u, err
	}
	own, err := s.user(ctx, u.person)
	if err != nil {
		return u, err
	}
	// A passkey that went since the challenge was issued must not make the
	// others fail; one that came since was not asked.
	begun.Data.AllowedCredentialIDs = slices.DeleteFunc(begun.Data.AllowedCredentialIDs, func(id []byte) bool {
		return !slices.Contains(u.person.Passkeys, passkeyID(id))
	})
	if len(begun.Data.AllowedCredentialIDs) == 0 {
		return u, u.because("no passkey is left that was asked")
	}
	credential, err := s.rp.ValidateLogin(own, begun.Data, parsed)
	return s.judge(ctx, u, credential, err, "operation.sign")
}

// stepUpOutcome audits a refusal as the caller's.
func (s *Service) stepUpOutcome(ctx context.Context, c Caller, err error) error {
	if r, ok := err.(*refusal); ok {
		r.tenant, r.actor = c.Tenant, c.Name
	}
	return s.outcome(ctx, "operation.sign", err)
}

// mismatch audits that what was signed for is not what is asked for.
func (s *Service) mismatch(ctx context.Context, c Caller, o Operation) error {
	e := s.event(c.Tenant, c.Name, "operation.sign", clip(o.Resource), map[string]string{"cause": "another operation", "action": clip(string(o.Action))})
	e.OK, e.Kind = false, glovebox.KindConflict
	if err := s.records.Commit(ctx, nil, e); err != nil {
		return err
	}
	return glovebox.Errorf(glovebox.KindConflict, "the signature is for another operation")
}
