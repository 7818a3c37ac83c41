package identity

import (
	"context"
	"encoding/base64"
	"sync/atomic"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"glovebox"
)

// SignedOperation is proof that a person agreed to one operation. It holds all
// that is needed to check it again, and no secret.
type SignedOperation struct {
	Operation         Operation `json:"operation"`
	Nonce             []byte    `json:"nonce"`
	CredentialID      []byte    `json:"credential_id"`
	PublicKey         []byte    `json:"public_key"` // COSE
	ClientData        []byte    `json:"client_data"`
	AuthenticatorData []byte    `json:"authenticator_data"`
	Signature         []byte    `json:"signature"`
	At                time.Time `json:"at"` // by our clock, not signed

	// fresh is set by FinishStepUp alone, so that only what was verified in
	// this process a moment ago can be acted on, and only once. What comes
	// from storage or from a caller is evidence, not permission.
	fresh *atomic.Bool
}

// signed puts together what was verified.
func (s *Service) signed(u use, begun ceremony, parsed *protocol.ParsedCredentialAssertionData) *SignedOperation {
	o := &SignedOperation{
		Operation: *begun.Operation, Nonce: begun.Nonce,
		CredentialID: u.passkey.Credential.ID, PublicKey: u.passkey.Credential.PublicKey,
		ClientData:        parsed.Raw.AssertionResponse.ClientDataJSON,
		AuthenticatorData: parsed.Raw.AssertionResponse.AuthenticatorData,
		Signature:         parsed.Raw.AssertionResponse.Signature,
		At:                s.now(), fresh: new(atomic.Bool),
	}
	o.fresh.Store(true)
	return o
}

// VerifySigned checks offline that the holder of the passkey's private key
// agreed to exactly op.Operation on a page of the relying party, with user
// verification. That the public key is the person's is for who checks to know:
// the audit log says who registered it. KindInvalid.
func VerifySigned(op SignedOperation, rpID string, origins []string) error {
	challenge, err := op.Operation.Challenge(op.Nonce)
	if err != nil {
		return err
	}
	id := base64.RawURLEncoding.EncodeToString(op.CredentialID)
	response := protocol.CredentialAssertionResponse{
		PublicKeyCredential: protocol.PublicKeyCredential{
			Credential: protocol.Credential{ID: id, Type: string(protocol.PublicKeyCredentialType)},
			RawID:      op.CredentialID,
		},
		AssertionResponse: protocol.AuthenticatorAssertionResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: op.ClientData},
			AuthenticatorData:     op.AuthenticatorData,
			Signature:             op.Signature,
		},
	}
	parsed, err := response.Parse()
	if err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "signed operation: %s", reason(err))
	}
	err = parsed.Verify(base64.RawURLEncoding.EncodeToString(challenge), rpID, "", origins, nil, nil,
		protocol.TopOriginExplicitVerificationMode, false, true, true, op.PublicKey, protocol.SignaturePolicy{})
	if err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "signed operation: %s", reason(err))
	}
	return nil
}

// Spend lets c do want on the strength of op: c may do it by role, and op is
// c's fresh signature over exactly want. It can be spent once. KindDenied, and
// KindApproval where there is no signature at all.
func (s *Service) Spend(ctx context.Context, c Caller, want Operation, op *SignedOperation) error {
	if err := s.Authorize(ctx, c, want.Action, want.Resource); err != nil {
		return err
	}
	want.Tenant, want.Person = c.Tenant, c.Subject
	cause := ""
	switch {
	case op == nil || op.fresh == nil:
		cause = "not signed"
	case !op.Operation.equal(want):
		cause = "signed for another operation"
	case s.now().Sub(op.At) > signatureLife:
		cause = "signed too long ago"
	case !op.fresh.CompareAndSwap(true, false):
		cause = "signature used before"
	default:
		return nil
	}
	err := s.deny(ctx, c, want.Action, want.Resource, cause)
	if glovebox.KindOf(err) != glovebox.KindDenied {
		return err
	}
	if op == nil {
		return glovebox.Errorf(glovebox.KindApproval, "this needs a signature with a passkey").On("signature").
			Try("ask for a challenge over exactly this operation at POST /v1/step-up/begin, and send the answer along")
	}
	return glovebox.Errorf(glovebox.KindDenied, "this needs a fresh signature with a passkey").
		Try("confirm exactly this operation with your passkey")
}
