package filter

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// guard says what can never be reached: what Forbidden says, what the operator
// says, and the host's own addresses, which change while the filter runs.
type guard struct {
	never []netip.Prefix
	now   func() time.Time

	mu    sync.Mutex
	own   map[netip.Addr]bool
	until time.Time
}

const ownAddressesHold = 10 * time.Second

func (g *guard) forbidden(a netip.Addr) bool {
	if Forbidden(a) {
		return true
	}
	for _, b := range spellings(a) {
		if within(g.never, b) || g.ours(b) {
			return true
		}
	}
	return false
}

// ours says whether a is an address of the host. If the host does not say, what
// it said last counts; if it never did, every address is its own.
func (g *guard) ours(a netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := g.now(); g.own == nil || now.After(g.until) {
		if addrs, err := net.InterfaceAddrs(); err == nil {
			g.own = map[netip.Addr]bool{}
			for _, n := range addrs {
				if p, err := netip.ParsePrefix(n.String()); err == nil {
					g.own[p.Addr().Unmap()] = true
				}
			}
			g.until = now.Add(ownAddressesHold)
		}
	}
	return g.own == nil || g.own[a]
}
