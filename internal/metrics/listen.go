package metrics

import (
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"glovebox"
)

// Handler serves GET /metrics and nothing else.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, Timeout: 2 * scrapeTime, ErrorHandling: promhttp.ContinueOnError,
	}))
	return mux
}

// NewServer returns a server for the handler. It is for a listener of its own:
// whoever reaches it needs no credentials, and sees numbers but no names.
func (m *Metrics) NewServer() *http.Server {
	return &http.Server{
		Handler: m.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // what callers do to their connections is their business
	}
}

// Address completes the address of the listener: ":9464" is on the loopback
// alone. To be reached from elsewhere, it must name the address to bind, such as
// "0.0.0.0:9464". KindUsage.
func Address(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return "", glovebox.Errorf(glovebox.KindUsage, "%q is not an address and a port", address).On("--metrics-listen").
			Try("use :9464 or 127.0.0.1:9464")
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
