package agent

import (
	"context"
	"log/slog"
	"sync/atomic"

	"connectrpc.com/connect"

	"glovebox/internal/nodev1"
	"glovebox/internal/nodev1/nodev1connect"
)

// logClient returns c with a line in log when control is lost and when it is
// back, not for each try in between.
func logClient(c nodev1connect.NodeServiceClient, log *slog.Logger) nodev1connect.NodeServiceClient {
	return &loggingClient{NodeServiceClient: c, log: log}
}

type loggingClient struct {
	nodev1connect.NodeServiceClient
	log  *slog.Logger
	away atomic.Bool
}

func (c *loggingClient) Sync(ctx context.Context, req *connect.Request[nodev1.SyncRequest]) (*connect.Response[nodev1.SyncResponse], error) {
	resp, err := c.NodeServiceClient.Sync(ctx, req)
	switch {
	case err == nil && c.away.Swap(false):
		c.log.Info("control is back")
	case err != nil && ctx.Err() == nil && !c.away.Swap(true):
		c.log.Warn("control is away", slog.Any("error", err))
	}
	return resp, err
}
