package client

import (
	"context"
	"encoding/json"
	"net/http"

	"glovebox/api/wire"
)

// Passkeys lists the caller's own, the disabled ones too.
func (c *Client) Passkeys(ctx context.Context) ([]Passkey, error) {
	var answer wire.PasskeyList
	err := c.call(ctx, get("/v1/me/passkeys", nil), &answer)
	return answer.Passkeys, err
}

// BeginPasskey asks for a challenge to make another passkey of the caller with.
// The signature is over what RegisterOperation of the name is; a recovery
// session needs none. KindApproval without one.
func (c *Client) BeginPasskey(ctx context.Context, name string, s *Signature) (Challenge, error) {
	var ch Challenge
	err := c.postOnce(ctx, "/v1/me/passkeys/begin", wire.AddPasskeyRequest{Name: name, Signature: s}, &ch)
	return ch, err
}

// FinishPasskey adds the passkey. A recovery session ends with it.
func (c *Client) FinishPasskey(ctx context.Context, id string, response json.RawMessage) (Passkey, error) {
	var p Passkey
	err := c.postOnce(ctx, "/v1/me/passkeys/finish", Answer{ID: id, Response: response}, &p)
	return p, err
}

// RenamePasskey calls one of the caller's passkeys something else; KindNotFound.
func (c *Client) RenamePasskey(ctx context.Context, id, name string) error {
	path, err := resource("/v1/me/passkeys", id, "")
	if err != nil {
		return err
	}
	r, err := request{method: http.MethodPatch, path: path}.withJSON(wire.RenameRequest{Name: name})
	if err != nil {
		return err
	}
	return c.call(ctx, r, nil)
}

// RemovePasskey removes one of the caller's passkeys and ends the sessions that
// it opened. KindNotFound, KindConflict for the last one, KindApproval without
// a signature.
func (c *Client) RemovePasskey(ctx context.Context, id string, s *Signature) error {
	return c.actOn(ctx, "/v1/me/passkeys", id, "/remove", wire.SignedRequest{Signature: s}, nil)
}

// MakeCodes gives the caller ten recovery codes, and makes earlier ones
// worthless. KindApproval without a signature.
func (c *Client) MakeCodes(ctx context.Context, s *Signature) ([]string, error) {
	var answer wire.RecoveryCodes
	err := c.postOnce(ctx, "/v1/me/recovery-codes", wire.SignedRequest{Signature: s}, &answer)
	return answer.Codes, err
}
