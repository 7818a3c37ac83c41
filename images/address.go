package images

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"glovebox"
)

// metadata are addresses at which a cloud hands credentials to whoever asks.
// A registry never is there; a redirect or a DNS answer might be.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("fd00:ec2::/32"),
	netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("192.0.0.192/32"),
	netip.MustParsePrefix("168.63.129.16/32"),
}

// translated are prefixes of IPv6 with an IPv4 address in the last 32 bits.
var translated = []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("::/96")}

// addressRules say which addresses may be dialled for one registry.
type addressRules struct {
	loopback bool           // the registry's own name is one of this machine
	refuse   []netip.Prefix // besides metadata
}

func (r addressRules) check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	for _, p := range translated {
		if b := addr.As16(); p.Contains(addr) && !addr.IsLoopback() && !addr.IsUnspecified() {
			addr = netip.AddrFrom4([4]byte(b[12:]))
		}
	}
	for _, list := range [][]netip.Prefix{metadata, r.refuse} {
		for _, p := range list {
			if p.Contains(addr) {
				return refuseAddress(addr, "is never a registry")
			}
		}
	}
	switch {
	case addr.IsMulticast() || addr.IsLinkLocalUnicast():
		return refuseAddress(addr, "is never a registry")
	case !r.loopback && (addr.IsLoopback() || addr.IsUnspecified()):
		return refuseAddress(addr, "is this machine, and the registry is not")
	}
	return nil
}

func refuseAddress(addr netip.Addr, why string) error {
	return glovebox.Errorf(glovebox.KindImageDenied, "refused to connect to %s, which %s", addr, why).
		Try("use a registry whose name, redirects and token service lead to its own addresses")
}

// control is a net.Dialer's hook: it sees the address that is really going to be
// connected to, after DNS and for every redirect.
func (r addressRules) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return glovebox.Errorf(glovebox.KindImageDenied, "refused to connect to %q, which is no address", address).
			Try("use a registry that is reached by IP")
	}
	return r.check(ap.Addr())
}

// isLoopback says whether a host by its name is this machine.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// hostOf is a host:port's host.
func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}
