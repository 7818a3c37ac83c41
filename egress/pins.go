package egress

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"glovebox"
	"glovebox/egress/filter"
	"glovebox/egress/link"
)

// always is the time of a pin that stays until it is taken back.
const always = 10 * 365 * 24 * time.Hour

// single says whether a pin is of one address and port. Others cannot be listed
// in the kernel's sets: their link is made wide.
func single(p filter.Pin) bool { return p.Prefix.IsSingleIP() && p.Port != 0 }

// pin has the kernel let connections of a link through to the filter.
func (n *Node) pin(ctx context.Context, id string, pins []filter.Pin) error {
	var all []link.Pin
	for _, p := range pins {
		if !single(p) {
			if err := n.router.Widen(ctx, id, true); err != nil {
				return err
			}
			continue
		}
		pin := link.Pin{Addr: p.Prefix.Addr(), Port: p.Port, TTL: max(p.TTL, time.Second)}
		if p.TTL == 0 {
			pin.TTL = always
		}
		all = append(all, pin)
	}
	return n.router.Pin(ctx, id, all)
}

// unpin takes pins back. A link whose rules are all single again is made narrow
// by Change, which knows them.
func (n *Node) unpin(ctx context.Context, id string, pins []filter.Pin) error {
	var all []netip.AddrPort
	for _, p := range pins {
		if single(p) {
			all = append(all, netip.AddrPortFrom(p.Prefix.Addr(), p.Port))
		}
	}
	return n.router.Unpin(ctx, id, all...)
}

// wide says whether rules let through what cannot be listed.
func wide(c filter.SlotConfig) bool {
	return c.Observe || slices.ContainsFunc(c.Rules, func(r glovebox.EgressRule) bool {
		p, ok := r.Prefix()
		return ok && !p.IsSingleIP()
	})
}
