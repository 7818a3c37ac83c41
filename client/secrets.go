package client

import (
	"context"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"

	"glovebox"
	"glovebox/api/wire"
)

// Secrets lists the tenant's secrets; nobody reads their values.
func (c *Client) Secrets(ctx context.Context) ([]Secret, error) {
	var list wire.SecretList
	err := c.call(ctx, get("/v1/secrets", nil), &list)
	return list.Secrets, err
}

// Secret returns what is known of a secret, and its version for PutSecret;
// KindNotFound.
func (c *Client) Secret(ctx context.Context, name string) (s Secret, version string, err error) {
	path, err := resource("/v1/secrets", name, "")
	if err != nil {
		return s, "", err
	}
	return c.secret(ctx, get(path, nil))
}

// PutSecret gives a secret a value and domains; for admins, who sign it, and
// root at the socket. version is that of the secret to be replaced, or empty if
// there is none yet. KindInvalid with the field, KindTooLarge, KindStale if
// somebody else was faster, KindApproval without a signature.
func (c *Client) PutSecret(ctx context.Context, name string, r SecretRequest, version string) (Secret, error) {
	return c.PutSecretApproved(ctx, name, r, version, "")
}

// RequestSecretApproval asks for an admin's signature under a change of a
// secret, at the version that there is; the value is not sent, only its hash.
// Who signs does it on the page at Approval.URL.
func (c *Client) RequestSecretApproval(ctx context.Context, change SecretChange) (Approval, error) {
	var a Approval
	err := c.post(ctx, "/v1/approvals", wire.ApprovalRequest{Secret: &change}, &a)
	return a, err
}

// PutSecretApproved is PutSecret with an approval of exactly this change in
// place of a signature; r has the salt of the hash that was signed. It is used
// up by the call.
func (c *Client) PutSecretApproved(ctx context.Context, name string, r SecretRequest, version, approval string) (Secret, error) {
	path, err := resource("/v1/secrets", name, "")
	if err != nil {
		return Secret{}, err
	}
	req, err := request{method: http.MethodPut, path: path}.withJSON(r)
	if err != nil {
		return Secret{}, err
	}
	if version == "" {
		req = req.with("If-None-Match", "*")
	} else {
		req = req.with("If-Match", version)
	}
	if approval != "" {
		req = req.with(headerApproval, approval)
	}
	s, _, err := c.secret(ctx, req)
	return s, err
}

// secret is a call that answers with a secret and its version. It is not
// repeated: a change that was made would look like somebody else's.
func (c *Client) secret(ctx context.Context, r request) (s Secret, version string, err error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return s, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return s, "", c.transportError(ctx, err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, "", glovebox.Errorf(glovebox.KindInternal, "reading the server's answer: %w", err).Try("is the server of the same version?")
	}
	return s, resp.Header.Get("ETag"), nil
}

// RemoveSecret removes a secret; jobs that run keep it. For admins, who sign it,
// and root at the socket. KindNotFound, KindApproval without a signature.
func (c *Client) RemoveSecret(ctx context.Context, name string, s *Signature) error {
	return c.actOn(ctx, "/v1/secrets", name, "/remove", wire.SignedRequest{Signature: s}, nil)
}

// RemoveSecretApproved is RemoveSecret with an approval of exactly that, which is
// used up by the call.
func (c *Client) RemoveSecretApproved(ctx context.Context, name, approval string) error {
	path, err := resource("/v1/secrets", name, "/remove")
	if err != nil {
		return err
	}
	r, err := request{method: http.MethodPost, path: path}.withJSON(wire.SignedRequest{})
	if err != nil {
		return err
	}
	return c.once(ctx, r.with(headerApproval, approval), nil)
}

// RotateSecrets makes a new key and seals the secrets of all tenants with it;
// for root at the socket.
func (c *Client) RotateSecrets(ctx context.Context) (Resealed, error) {
	var r Resealed
	err := c.once(ctx, request{method: http.MethodPost, path: "/v1/host/secrets/rotate"}, &r)
	return r, err
}
