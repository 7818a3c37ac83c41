package client

import (
	"context"

	"glovebox/api/wire"
)

// HostPeople lists everybody of every tenant, for root at the socket.
func (c *Client) HostPeople(ctx context.Context) ([]Person, error) {
	var answer wire.PersonList
	err := c.call(ctx, get("/v1/host/people", nil), &answer)
	return answer.People, err
}

// HostLink makes a one-time link for a tenant's first admin, or for somebody who
// lost all passkeys, for root at the socket. Its URL is shown here and never
// again. KindConflict if there is an admin.
func (c *Client) HostLink(ctx context.Context, r HostLinkRequest) (HostLink, error) {
	var l HostLink
	err := c.postOnce(ctx, "/v1/host/links", r, &l)
	return l, err
}
