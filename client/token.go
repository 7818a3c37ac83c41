package client

import (
	"context"
	"net/http"

	"glovebox/api/wire"
)

// RedeemCode opens a session, bound to the client's key, for the code that a
// browser brought to redirect (PKCE, RFC 7636). From then on the client has it.
// A code is good for one attempt. KindUnauthorized.
func (c *Client) RedeemCode(ctx context.Context, code, verifier, redirect string) (Token, error) {
	return c.adopt(ctx, wire.TokenRequest{GrantType: wire.GrantCode, Code: code, CodeVerifier: verifier, RedirectURI: redirect})
}

// BeginDevice asks for a session for a machine without a browser. name is what
// who approves it is shown.
func (c *Client) BeginDevice(ctx context.Context, name string) (Device, error) {
	if c.holder == nil {
		return Device{}, c.keyless()
	}
	r, err := request{method: http.MethodPost, path: "/v1/device", open: true, proven: true}.withJSON(wire.DeviceRequest{Name: name})
	if err != nil {
		return Device{}, err
	}
	var d Device
	if err := c.once(ctx, r, &d); err != nil {
		return d, c.holder.remarked(err)
	}
	return d, nil
}

// RedeemDevice asks once whether a session was approved, and opens it. Until it
// is, KindUnavailable; KindTooMany for who asks more often than
// Device.Interval says; KindUnauthorized when it is too late.
func (c *Client) RedeemDevice(ctx context.Context, deviceCode string) (Token, error) {
	return c.adopt(ctx, wire.TokenRequest{GrantType: wire.GrantDevice, DeviceCode: deviceCode})
}

// Exchange opens a workload's session by a token of a CI system, which is taken
// once (the shape of RFC 8693). rule is the id of the trust rule to be judged by.
func (c *Client) Exchange(ctx context.Context, rule, token string) (Token, error) {
	return c.adopt(ctx, wire.TokenRequest{GrantType: wire.GrantExchange, Rule: rule, SubjectToken: token})
}

// Token returns an access token for the client's session that is good for a
// while. It is worth nothing without the client's key.
func (c *Client) Token(ctx context.Context) (Token, error) {
	if c.unusable != nil || c.holder == nil {
		return Token{}, c.keyless()
	}
	if _, err := c.accessToken(ctx, ""); err != nil {
		return Token{}, err
	}
	if err := c.holder.lock(ctx); err != nil {
		return Token{}, err
	}
	defer c.holder.unlock()
	return c.holder.token, nil
}

// Refresh gets another access token for a session of the client's key.
func (c *Client) Refresh(ctx context.Context, session string) (Token, error) {
	return c.adopt(ctx, wire.TokenRequest{GrantType: wire.GrantRefresh, Session: session})
}
