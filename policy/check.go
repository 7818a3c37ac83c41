package policy

import (
	"fmt"
	"net/netip"

	"golang.org/x/net/publicsuffix"

	"glovebox"
)

// Check refuses what a completed policy says and could never be, or not safely:
// an address that forbidden says is never reachable, or a prefix of such, and a wildcard over a public suffix, where every name is somebody
// else's. forbidden may be nil. KindInvalid with the field.
func Check(p glovebox.Policy, forbidden func(netip.Addr) bool) error {
	for i, r := range p.Egress {
		if prefix, ok := r.Prefix(); ok && forbidden != nil && closed(prefix, forbidden) {
			return glovebox.Errorf(glovebox.KindInvalid, "%s is never reachable from a sandbox, whatever a policy says", r.Address).
				On(fmt.Sprintf("policy.egress[%d].address", i)).Try("leave the rule out")
		}
		if len(r.Domain) < 2 || r.Domain[:2] != "*." {
			continue
		}
		suffix, managed := publicsuffix.PublicSuffix(r.Domain[2:])
		if managed && suffix == r.Domain[2:] {
			return glovebox.Errorf(glovebox.KindInvalid, "%s stands for the domains of anybody", r.Domain).
				On(fmt.Sprintf("policy.egress[%d].domain", i)).Try("name the domain itself, as in *.example.%s", suffix)
		}
	}
	return nil
}

// closed says whether forbidden holds for a prefix: for both ends of each of its
// sixteen parts. A wide prefix with gaps in it stays: the filter knows them.
func closed(p netip.Prefix, forbidden func(netip.Addr) bool) bool {
	if !forbidden(p.Addr()) || !forbidden(last(p)) {
		return false
	}
	bits := min(p.Bits()+4, p.Addr().BitLen())
	for part := netip.PrefixFrom(p.Addr(), bits); part.IsValid() && p.Contains(part.Addr()); part = netip.PrefixFrom(last(part).Next(), bits) {
		if !forbidden(part.Addr()) || !forbidden(last(part)) {
			return false
		}
	}
	return true
}

// last is the highest address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := range b {
		if host := 8*(i+1) - p.Bits(); host >= 8 {
			b[i] = 0xff
		} else if host > 0 {
			b[i] |= 1<<host - 1
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
