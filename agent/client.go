package agent

import (
	"context"
	"net"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"glovebox/internal/nodev1/nodev1connect"
)

// Frame and window sizes of HTTP/2 between agent and control. A frame holds a
// whole chunk; the window is what one stream may have in flight, and so what a
// reader that stands still costs.
const (
	FrameSize        = 128 << 10
	StreamWindow     = 1 << 20
	ConnectionWindow = 16 << 20
)

// maxAnswer bounds one message from control: orders for a full node.
const maxAnswer = 64 << 20

// Client is the agent's client over a transport that speaks HTTP/2. Nothing
// is compressed: output and blobs go over a local socket or are compressed.
func Client(rt http.RoundTripper, url string) nodev1connect.NodeServiceClient {
	return nodev1connect.NewNodeServiceClient(&http.Client{Transport: rt}, url,
		connect.WithAcceptCompression("gzip", nil, nil), connect.WithReadMaxBytes(maxAnswer))
}

// UnixTransport speaks HTTP/2 without TLS over a unix socket, whatever the URL
// says.
func UnixTransport(socket string) *http.Transport {
	var d net.Dialer
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "unix", socket)
		},
		Protocols: new(http.Protocols),
		HTTP2:     HTTP2(),
	}
	t.Protocols.SetUnencryptedHTTP2(true)
	return t
}

// HTTP2 is how both ends are set up; a server without it works, slower.
func HTTP2() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams:          4096, // a server's: several for each sandbox
		MaxReadFrameSize:              FrameSize,
		MaxReceiveBufferPerStream:     StreamWindow,
		MaxReceiveBufferPerConnection: ConnectionWindow,
		SendPingTimeout:               15 * time.Second, // a dead peer is noticed also by who only waits
		PingTimeout:                   15 * time.Second,
	}
}
