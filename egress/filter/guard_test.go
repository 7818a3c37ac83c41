package filter_test

import (
	"net"
	"net/netip"
	"testing"

	"glovebox/egress/filter"
)

func TestTheHostsOwnAddressesAreForbidden(t *testing.T) {
	forbidden := filter.Guard(netip.MustParsePrefix("203.0.113.0/24"))
	if forbidden(netip.MustParseAddr("192.0.2.1")) {
		t.Error("control: what is nobody's is forbidden")
	}
	if !forbidden(netip.MustParseAddr("203.0.113.9")) || !forbidden(netip.MustParseAddr("64:ff9b::203.0.113.9")) {
		t.Error("what the operator forbids is not")
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range addrs {
		p := netip.MustParsePrefix(n.String())
		if !forbidden(p.Addr()) {
			t.Errorf("%s is the host's own, and is not forbidden", p.Addr())
		}
		if a := p.Addr(); a.Is4() && !forbidden(netip.AddrFrom16(a.As16())) {
			t.Errorf("%s is not forbidden as a mapped address", a)
		}
	}
}
