package client

import (
	"context"

	"glovebox/api/wire"
)

// Pools returns what nodes have parked for jobs to come, for admins and root at
// the socket.
func (c *Client) Pools(ctx context.Context) ([]Pool, error) {
	var list wire.PoolList
	err := c.call(ctx, get("/v1/pool", nil), &list)
	return list.Pools, err
}
