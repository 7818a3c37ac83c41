package filter

import (
	"net"
	"net/netip"
	"time"

	"glovebox"
)

// CleanPath, PathFits, ReadHello and Canonical are for fuzzing.
var (
	CleanPath = cleanPath
	PathFits  = pathFits
	ReadHello = readHello
	Canonical = canonical
)

// Loopback makes addresses of loopback be like any other, and the original
// destination be what a test says.
func Loopback(c *Config, cb *Callbacks, original func(*net.TCPConn) netip.AddrPort) {
	c.forbidden, c.original = notLoopback, original
	*cb = LoopbackCallbacks(*cb)
}

// LoopbackCallbacks is Loopback for the agent's end.
func LoopbackCallbacks(cb Callbacks) Callbacks {
	cb.forbidden = notLoopback
	return cb
}

func notLoopback(a netip.Addr) bool {
	return Forbidden(a) && !netip.MustParsePrefix("127.0.0.0/8").Contains(a) && a != netip.IPv6Loopback()
}

// Guard is what a filter forbids, with the operator's prefixes.
func Guard(never ...netip.Prefix) func(netip.Addr) bool {
	return (&guard{never: never, now: time.Now}).forbidden
}

// Decide returns the part of a connection by server name that depends on the
// rules: what the proxy looks up for a name that was answered.
func Decide(rules []glovebox.EgressRule, name string, dst netip.AddrPort) (func() bool, error) {
	m, err := compile(rules, nil, false, nil)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	s := &slot{m: m, known: map[netip.Addr]map[string]time.Time{dst.Addr(): {name: now.Add(time.Hour)}}}
	return func() bool {
		if s.speaks(dst, now) != mayTLS {
			return false
		}
		ch, ok := s.choose(dst, glovebox.EgressTLS, name, now)
		return ok && ch.unread() != nil
	}, nil
}
