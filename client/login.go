package client

import (
	"context"
	"encoding/json"
	"net/http"

	"glovebox/api/wire"
)

// BeginLogin asks for a challenge for whoever has a passkey. An authenticator
// takes it; see FinishLogin.
func (c *Client) BeginLogin(ctx context.Context) (Challenge, error) {
	var ch Challenge
	err := c.openPost(ctx, "/v1/login/begin", struct{}{}, &ch)
	return ch, err
}

// FinishLogin opens a browser session with the authenticator's response. A
// client without a key has the session from then on, by its cookie. device is
// what the session is called; it may be empty. KindUnauthorized.
func (c *Client) FinishLogin(ctx context.Context, id string, response json.RawMessage, device string) (Session, error) {
	var l wire.Login
	err := c.openPost(ctx, "/v1/login/finish", wire.LoginRequest{ID: id, Response: response, Device: device}, &l)
	return l.Session, err
}

// LoginByCode opens a session with a recovery code, which is then used up. It
// can add a passkey and nothing else.
func (c *Client) LoginByCode(ctx context.Context, code, device string) (Session, error) {
	var l wire.Login
	err := c.openPost(ctx, "/v1/login/code", wire.CodeLoginRequest{Code: code, Device: device}, &l)
	return l.Session, err
}

// InspectLink says what a one-time link is for; token is what stands after # in
// its URL.
func (c *Client) InspectLink(ctx context.Context, token string) (LinkInfo, error) {
	var l LinkInfo
	err := c.openPost(ctx, "/v1/links/inspect", wire.LinkRequest{Token: token}, &l)
	return l, err
}

// BeginEnrol asks for a challenge to make the passkey with that a one-time link
// is for.
func (c *Client) BeginEnrol(ctx context.Context, e EnrolRequest) (Challenge, error) {
	var ch Challenge
	err := c.openPost(ctx, "/v1/links/begin", e, &ch)
	return ch, err
}

// FinishEnrol registers the passkey, uses up the link and opens a session, as
// FinishLogin does.
func (c *Client) FinishEnrol(ctx context.Context, id string, response json.RawMessage, device string) (Session, error) {
	var l wire.Login
	err := c.openPost(ctx, "/v1/links/finish", wire.LoginRequest{ID: id, Response: response, Device: device}, &l)
	return l.Session, err
}

// openPost sends, once, a body as anybody may.
func (c *Client) openPost(ctx context.Context, path string, body, v any) error {
	r, err := request{method: http.MethodPost, path: path, open: true}.withJSON(body)
	if err != nil {
		return err
	}
	return c.once(ctx, r, v)
}
