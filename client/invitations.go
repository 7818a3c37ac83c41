package client

import (
	"context"

	"glovebox/api/wire"
)

// Invitations lists the tenant's open invitations; who is no admin sees only
// their own.
func (c *Client) Invitations(ctx context.Context) ([]Link, error) {
	var answer wire.InvitationList
	err := c.call(ctx, get("/v1/invitations", nil), &answer)
	return answer.Invitations, err
}

// Invite makes a link with which somebody joins the caller's tenant. Its URL is
// shown here and never again. KindApproval without a signature.
func (c *Client) Invite(ctx context.Context, r InviteRequest) (Invited, error) {
	var i Invited
	err := c.postOnce(ctx, "/v1/invitations", r, &i)
	return i, err
}

// Revoke makes an invitation worthless; KindNotFound.
func (c *Client) Revoke(ctx context.Context, id string) error {
	return c.remove(ctx, "/v1/invitations", id)
}
