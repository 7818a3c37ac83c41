package filter

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"glovebox"
)

// secured is the inside of a TLS connection that the filter ends.
type secured struct {
	*tls.Conn
	c     *conn
	under *counted
}

// Close says goodbye and tells the end.
func (s *secured) Close() error {
	s.Conn.SetWriteDeadline(time.Now().Add(time.Second))
	s.Conn.CloseWrite()
	return s.under.Close()
}

func (s *secured) carried() *conn { return s.c }
func (n *counted) carried() *conn { return n.c }

// terminate ends the TLS of c with a certificate for its server name that only
// its sandbox trusts, and hands it to the server of requests. shown is the
// server name as the job gave it, which for a rule about an address is not name.
func (f *filter) terminate(c *conn, name, shown string, read []byte) (handed bool) {
	if shown == "" {
		shown = c.dst.Addr().String()
	}
	c.shown = shown
	if !c.attach(glovebox.EgressTLS, name, true, false, nil) {
		c.refuse(glovebox.EgressTLS, name, glovebox.NetNarrowed)
		return false
	}
	c.s.tell(glovebox.NetEvent{
		Type: glovebox.NetOpen, Allowed: true, Name: name, Address: c.dst.String(), Proto: glovebox.EgressTLS, Conn: c.id,
	})
	under := &counted{Conn: &ahead{Conn: c.raw, first: read}, c: c}
	inside := tls.Server(under, &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.s.ca.issue(shown, f.now())
		},
		SessionTicketsDisabled: true,
	})
	c.raw.SetDeadline(time.Now().Add(f.limits.Hello))
	ctx, cancel := context.WithTimeout(c.s.ctx, f.limits.Hello)
	defer cancel()
	if err := inside.HandshakeContext(ctx); err != nil {
		c.mark(glovebox.NetProtocol)
		return false
	}
	c.raw.SetDeadline(time.Time{})
	f.serveRequests(c, &secured{inside, c, under}, &tls.Config{
		ServerName: shown, RootCAs: f.roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	})
	return true
}

// carryHTTP hands c to the server of requests.
func (f *filter) carryHTTP(c *conn, first []byte) (handed bool) {
	c.s.mu.RLock()
	name := c.s.onlyName(c.dst, f.now())
	c.s.mu.RUnlock()
	if !c.attach(glovebox.EgressHTTP, name, true, false, nil) {
		c.refuse(glovebox.EgressHTTP, name, glovebox.NetNarrowed)
		return false
	}
	c.s.tell(glovebox.NetEvent{
		Type: glovebox.NetOpen, Allowed: true, Name: name, Address: c.dst.String(), Proto: glovebox.EgressHTTP, Conn: c.id,
	})
	c.raw.SetReadDeadline(time.Time{})
	f.serveRequests(c, &counted{Conn: &ahead{Conn: c.raw, first: first}, c: c}, nil)
	return true
}

// onlyName returns the name that dst was answered for, "" if there are several.
func (s *slot) onlyName(dst netip.AddrPort, now time.Time) string {
	only := ""
	for name, until := range s.known[dst.Addr()] {
		if !now.Before(until) {
			continue
		}
		if only != "" {
			return ""
		}
		only = name
	}
	return only
}

// serveRequests gives a connection to the server, whose handler it is now for.
func (f *filter) serveRequests(c *conn, sandbox net.Conn, up *tls.Config) {
	c.transport = f.transport(c, up)
	select {
	case f.web.conns <- sandbox:
	case <-f.ctx.Done():
		sandbox.Close()
	}
}
