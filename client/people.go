package client

import (
	"context"

	"glovebox/api/wire"
)

// People lists everybody in the caller's tenant; for admins.
func (c *Client) People(ctx context.Context) ([]Person, error) {
	var answer wire.PersonList
	err := c.call(ctx, get("/v1/people", nil), &answer)
	return answer.People, err
}

// Person returns somebody of the caller's tenant, or the caller. KindNotFound,
// also for people of other tenants.
func (c *Client) Person(ctx context.Context, id string) (Person, error) {
	var p Person
	err := c.read(ctx, "/v1/people", id, &p)
	return p, err
}

// SetRole changes what somebody may do, from their next request on.
// KindConflict for the last admin, KindApproval without a signature.
func (c *Client) SetRole(ctx context.Context, id, role string, s *Signature) error {
	return c.actOn(ctx, "/v1/people", id, "/role", wire.RoleRequest{Role: role, Signature: s}, nil)
}

// Disable keeps somebody out and ends all their sessions. KindConflict for the
// last admin, KindApproval without a signature.
func (c *Client) Disable(ctx context.Context, id string, s *Signature) error {
	return c.actOn(ctx, "/v1/people", id, "/disable", wire.SignedRequest{Signature: s}, nil)
}

// Enable lets somebody in again. KindApproval without a signature.
func (c *Client) Enable(ctx context.Context, id string, s *Signature) error {
	return c.actOn(ctx, "/v1/people", id, "/enable", wire.SignedRequest{Signature: s}, nil)
}
