package api

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// maxHeader is the most that a request line and headers may have together.
// net/http adds 4 KiB of slack to its own figure.
const maxHeader = 16 << 10

// Limits of one HTTP/2 connection, which is what one caller's browser or client
// needs. The protocol's own frames are bounded by net/http.
const (
	maxStreams = 100
	pingAfter  = 30 * time.Second // of silence, for a caller that may have vanished
	pingWait   = 15 * time.Second
)

// NewServer returns a server for a handler of NewHandler, for a unix socket
// (Serve) or for TCP (ServeTLS, with HTTP/2). Bodies have no time-out here, for
// that depends on the route. Shutdown ends streams at once, for their callers
// come back to where they were, and lets short calls finish.
func NewServer(h http.Handler) *http.Server {
	stopping, stop := context.WithCancel(context.Background())
	s := &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            5 * time.Second,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               maxHeader - 4<<10,
		BaseContext:                  func(net.Listener) context.Context { return withStopping(context.Background(), stopping) },
		ConnContext:                  withPeer,
		DisableGeneralOptionsHandler: true,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams, SendPingTimeout: pingAfter, PingTimeout: pingWait, WriteByteTimeout: pieceTime,
		},
		ErrorLog: log.New(io.Discard, "", 0), // what callers do to their connections is their business
	}
	s.RegisterOnShutdown(stop)
	return s
}
