package client

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	defaultPatience = 30 * time.Second
	dialTime        = 5 * time.Second
	bufferSize      = 64 << 10
)

// New returns a client; it connects when first used.
func New(o Options) *Client {
	c := &Client{socket: o.Socket, patience: o.Patience}
	if c.patience == 0 {
		c.patience = defaultPatience
	}
	dialer := &net.Dialer{Timeout: dialTime}
	c.http = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", o.Socket)
		},
		DisableCompression:  true, // on one machine it costs more than it saves
		MaxIdleConns:        256,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     time.Minute,
		ReadBufferSize:      bufferSize,
		WriteBufferSize:     bufferSize,
	}}
	return c
}

// reached remembers whether a server has ever answered.
type reached struct{ atomic.Bool }

// Close closes idle connections. Calls that are under way go on.
func (c *Client) Close() { c.http.CloseIdleConnections() }
