package client

import (
	"context"
	"net/http"

	"glovebox/api/wire"
)

// Me says who calls, and what they may do.
func (c *Client) Me(ctx context.Context) (Me, error) {
	var me Me
	err := c.call(ctx, get("/v1/me", nil), &me)
	return me, err
}

// Sessions lists the caller's own live sessions.
func (c *Client) Sessions(ctx context.Context) ([]Session, error) {
	var answer wire.SessionList
	err := c.call(ctx, get("/v1/me/sessions", nil), &answer)
	return answer.Sessions, err
}

// EndSession ends one of the caller's own sessions, from the next request on;
// KindNotFound.
func (c *Client) EndSession(ctx context.Context, id string) error {
	return c.remove(ctx, "/v1/me/sessions", id)
}

// EndAllSessions ends every session of the caller, this one too.
func (c *Client) EndAllSessions(ctx context.Context) error {
	return c.once(ctx, request{method: http.MethodDelete, path: "/v1/me/sessions"}, nil)
}

// Logout ends the session of this very call. KindConflict at a socket, where
// there is none.
func (c *Client) Logout(ctx context.Context) error {
	return c.once(ctx, request{method: http.MethodPost, path: "/v1/me/logout"}, nil)
}

// ApproveCode makes the code that a browser's page brings to a program which
// asked for a session; see RedeemCode.
func (c *Client) ApproveCode(ctx context.Context, r CLICodeRequest) (string, error) {
	var answer wire.CLICode
	err := c.postOnce(ctx, "/v1/me/cli-codes", r, &answer)
	return answer.Code, err
}

// Device shows the machine that waits for its code to be typed, and what to
// sign to let it in. KindUnauthorized for a code that nobody waits with.
func (c *Client) Device(ctx context.Context, code string) (DeviceInfo, error) {
	var d DeviceInfo
	err := c.read(ctx, "/v1/me/devices", code, &d)
	return d, err
}

// ApproveDevice lets the machine in that the signature names.
func (c *Client) ApproveDevice(ctx context.Context, code string, s *Signature) error {
	return c.actOn(ctx, "/v1/me/devices", code, "/approve", wire.SignedRequest{Signature: s}, nil)
}
