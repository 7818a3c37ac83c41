package filter

import (
	"net"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// slotListener lets only slots connect to the resolver, each a few times.
type slotListener struct {
	net.Listener
	f *filter
}

// Accept implements net.Listener.
func (l *slotListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if s := l.f.slotOf(addrOf(c.RemoteAddr()).Addr()); s != nil {
			if a := s.ask(c); a != nil {
				return a, nil
			}
		}
		reset(c)
	}
}

// asking is a TCP connection of a slot to the resolver.
type asking struct {
	net.Conn
	s    *slot
	once sync.Once
}

// ask counts c; nil if there is no room for it.
func (s *slot) ask(c net.Conn) *asking {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut || len(s.asking) >= s.f.limits.DNSConns {
		return nil
	}
	a := &asking{Conn: c, s: s}
	s.asking[a] = struct{}{}
	return a
}

// Close implements net.Conn.
func (a *asking) Close() error {
	a.once.Do(func() {
		a.s.mu.Lock()
		delete(a.s.asking, a)
		a.s.mu.Unlock()
	})
	return a.Conn.Close()
}

// resolvers makes the servers of the resolver, which are not started.
func (f *filter) resolvers(c Config) []*dns.Server {
	var all []*dns.Server
	for _, p := range c.DNS {
		all = append(all, &dns.Server{PacketConn: p, Net: "udp", Handler: f, MsgAcceptFunc: acceptQuestion, UDPSize: maxUDP})
	}
	for _, l := range c.DNSTCP {
		all = append(all, &dns.Server{
			Listener: &slotListener{l, f}, Net: "tcp", Handler: f, MsgAcceptFunc: acceptQuestion,
			ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxTCPQueries: 128,
		})
	}
	return all
}
