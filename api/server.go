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

// NewServer returns a server for a handler of NewHandler. Bodies have no
// time-out here, for that depends on the route. Shutdown ends streams at once,
// for their callers come back to where they were, and lets short calls finish.
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
		ErrorLog:                     log.New(io.Discard, "", 0), // what callers do to their connections is their business
	}
	s.RegisterOnShutdown(stop)
	return s
}
