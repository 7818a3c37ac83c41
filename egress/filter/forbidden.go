package filter

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// Forbidden says whether a can never be reached from a sandbox, whatever its
// policy says: loopback, link-local, metadata services, multicast, reserved
// ranges, and each of these inside an IPv6 address that carries an IPv4 one
// (mapped, 6to4, NAT64, ISATAP, Teredo). What is no address is forbidden, and
// so is any IPv6 address that is neither global unicast nor Private.
//
// The documentation ranges are not: no network carries them, so nothing is
// behind them, and tests use them as an internet that cannot leak.
func Forbidden(a netip.Addr) bool {
	if !a.IsValid() {
		return true
	}
	return slices.ContainsFunc(spellings(a), forbidden)
}

// Private says whether a, or an address that it carries, is of a private
// network: RFC 1918, 4193 and 6598. Such an address needs a rule that says so.
func Private(a netip.Addr) bool {
	return slices.ContainsFunc(spellings(a), func(a netip.Addr) bool { return within(private, a) })
}

func forbidden(a netip.Addr) bool {
	if within(never, a) || slices.Contains(metadata, a) {
		return true
	}
	return a.Is6() && !within(routed6, a)
}

func within(ps []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(ps, func(p netip.Prefix) bool { return p.Contains(a) })
}

func prefixes(ss ...string) []netip.Prefix {
	ps := make([]netip.Prefix, len(ss))
	for i, s := range ss {
		ps[i] = netip.MustParsePrefix(s)
	}
	return ps
}

var private = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")

// routed6 is all of IPv6 that can be a destination: the rest is loopback,
// link-local, site-local, multicast, or not assigned. The NAT64 prefix is here
// because spellings says what is behind it.
var routed6 = prefixes("2000::/3", "fc00::/7", "64:ff9b::/96")

// never is what is forbidden in IPv4, and of routed6.
var never = prefixes(
	"0.0.0.0/8",      // this host
	"127.0.0.0/8",    // loopback
	"169.254.0.0/16", // link-local, with the metadata services
	"192.0.0.0/24",   // protocol assignments, with a metadata service
	"192.88.99.0/24", // relays of 6to4
	"198.18.0.0/15",  // benchmarks, which some networks use as their own
	"224.0.0.0/4",    // multicast
	"240.0.0.0/4",    // reserved, with broadcast
	"2001:1::/32",    // protocol assignments
	"2001:2::/48",    // benchmarks
	"2001:10::/28",   // ORCHID, no locations
	"2001:20::/28",   // ORCHIDv2
)

// metadata are services that clouds put on addresses which look ordinary.
var metadata = []netip.Addr{
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("168.63.129.16"),   // Azure, its host
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd00:ec2::253"),   // AWS, its resolver
	netip.MustParseAddr("fd00:ec2::123"),   // AWS, its clock
	netip.MustParseAddr("fd00:ec2::23"),    // AWS, credentials of pods
	netip.MustParseAddr("fd20:ce::254"),    // Google
	netip.MustParseAddr("fd00:42::42"),     // Scaleway
}

var (
	sixToFour = netip.MustParsePrefix("2002::/16")
	teredo    = netip.MustParsePrefix("2001::/32")
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
)

// isatap is the middle of an ISATAP address, with the bit that says "unique"
// taken out.
const isatap = 0x00005efe

// spellings returns a without zone and as IPv4 where it is mapped, and every
// IPv4 address that it carries.
func spellings(a netip.Addr) []netip.Addr {
	a = a.WithZone("").Unmap()
	all := []netip.Addr{a}
	if !a.Is6() {
		return all
	}
	b := a.As16()
	four := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	if sixToFour.Contains(a) {
		all = append(all, four(2))
	}
	if nat64.Contains(a) {
		all = append(all, four(12))
	}
	if binary.BigEndian.Uint32(b[8:])&^0x02000000 == isatap {
		all = append(all, four(12))
	}
	if teredo.Contains(a) {
		client := b[12:]
		all = append(all, four(4), netip.AddrFrom4([4]byte{^client[0], ^client[1], ^client[2], ^client[3]}))
	}
	return all
}
