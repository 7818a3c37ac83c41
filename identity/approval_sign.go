package identity

import (
	"context"

	"github.com/go-webauthn/webauthn/protocol"

	"glovebox"
)

// BeginSignature issues a challenge for one more signature under a request.
// KindConflict for who has signed already, or if enough have.
func (s *Service) BeginSignature(ctx context.Context, c Caller, id string) (string, Operation, *protocol.CredentialAssertion, error) {
	a, _, err := s.signable(ctx, c, id)
	if err != nil {
		return "", Operation{}, nil, err
	}
	o := ApprovalOperation(a)
	challenge, options, err := s.BeginStepUp(ctx, c, o)
	return challenge, o, options, err
}

// SignApproval adds the caller's signature to a request. If somebody else
// signed since it was begun, what has to be signed is another operation, and it
// is KindConflict: begin again.
func (s *Service) SignApproval(ctx context.Context, c Caller, id, challenge string, response []byte) (Approval, error) {
	a, _, err := s.signable(ctx, c, id)
	if err != nil {
		return Approval{}, err
	}
	want := ApprovalOperation(a)
	signed, err := s.FinishStepUp(ctx, c, challenge, want, response)
	if err != nil {
		return Approval{}, err
	}
	if err := s.Spend(ctx, c, want, signed); err != nil {
		return Approval{}, err
	}
	a, version, err := s.signable(ctx, c, id)
	if err != nil {
		return Approval{}, err
	}
	if !ApprovalOperation(a).equal(want) {
		return Approval{}, glovebox.Errorf(glovebox.KindConflict, "somebody else signed at the same time").Try("begin again")
	}
	a.Signatures = append(a.Signatures, *signed)
	err = s.records.Commit(ctx, []glovebox.Write{a.write(version)},
		s.event(c.Tenant, c.Name, "approval.sign", a.ID, map[string]string{"action": string(want.Action)}))
	if glovebox.KindOf(err) == glovebox.KindStale {
		err = glovebox.Errorf(glovebox.KindConflict, "somebody else signed at the same time").Try("begin again")
	}
	return a, err
}

// signable returns a request that the caller may sign.
func (s *Service) signable(ctx context.Context, c Caller, id string) (Approval, int64, error) {
	a, version, err := s.approval(ctx, c, id)
	switch {
	case err != nil:
		return a, 0, err
	case a.Complete():
		return a, 0, glovebox.Errorf(glovebox.KindConflict, "enough people have signed").Try("who asked can submit the job now")
	case a.signedBy(c.Subject):
		return a, 0, glovebox.Errorf(glovebox.KindConflict, "you have signed already").Try("another person has to sign")
	}
	return a, version, nil
}
