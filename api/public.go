package api

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// NewPublicServer is NewServer for callers from elsewhere, and the listener to
// Serve it with: l, behind TLS (HTTP/1.1 and HTTP/2) if config is not nil.
// It differs in what becomes of headers that are too long: they are answered by
// h, as a request that proves nothing, and not by net/http.
//
// It sees what net/http reads and writes, so it stands between it and TLS, and
// net/http takes the connections for unencrypted ones. Requests have TLS set as
// ever.
func NewPublicServer(h http.Handler, l net.Listener, config *tls.Config) (*http.Server, net.Listener) {
	s := NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(headKey{}).(*headConn); ok {
			c.serving.Store(true)
			r.TLS = c.state
		}
		h.ServeHTTP(w, r)
	}))
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, headKey{}, c) }
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if c, ok := c.(*headConn); ok && state == http.StateIdle {
			c.serving.Store(false)
		}
	}
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	if config != nil {
		s.Protocols.SetUnencryptedHTTP2(true)
		config = config.Clone()
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	return s, &headListener{l, config, h}
}

type headKey struct{}

// headListener makes connections headConns.
type headListener struct {
	net.Listener
	config *tls.Config
	h      http.Handler
}

// Accept implements net.Listener.
func (l *headListener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &headConn{Conn: raw, raw: raw, h: l.h}
	if l.config != nil {
		c.tls = tls.Server(raw, l.config)
		c.Conn = c.tls
	}
	return c, nil
}
