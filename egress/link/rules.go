package link

import (
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Numbers that only this namespace sees.
const (
	markProxy = 1     // let through to the filter's proxy; routed to this namespace itself
	markDNS   = 2     // let through to the filter's resolver
	proxyPort = 15001 // of the proxy's listening sockets
	logGroup  = 7     // of what is reported as refused
)

// How much a link is told about what it was refused, and how much is told about
// it. What is beyond is counted and refused all the same.
const (
	logRate, logBurst   = 20, 40
	icmpRate, icmpBurst = 50, 100
)

// beforeDefrag is the place of the first look at a packet: fragments are still
// fragments.
const beforeDefrag = -450

// chain is a list of rules, and where the kernel enters it, if it does.
type chain struct {
	name     string
	hook     *nftables.ChainHook // nil: only other chains enter it
	priority int32
	rules    []rule
}

// chains is all that decides about packets. Chains with a hook drop what no
// rule accepts. The decision is made once, by the first; its mark opens input.
func chains(resolver4, resolver6 netip.Addr) []chain {
	return []chain{
		{"refused", nil, 0, append(told("no_rule"),
			all(proto(unix.IPPROTO_TCP), rule{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}}),
			all(proto(unix.IPPROTO_UDP), perLink("answered", perSecond(icmpRate, icmpBurst)),
				rule{&expr.Reject{Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: unix.NFT_REJECT_ICMPX_PORT_UNREACH}}),
			drop())},
		{"spoofed", nil, 0, append(told("spoofed"), drop())},
		{"malformed", nil, 0, append(told("malformed"), drop())},
		{"judge", nil, 0, judge(resolver4, resolver6)},
		{"arrive", nftables.ChainHookPrerouting, beforeDefrag, arrive()},
		{"input", nftables.ChainHookInput, 0, []rule{all(marked(), accept())}},
		{"forward", nftables.ChainHookForward, 0, nil},
		{"output", nftables.ChainHookOutput, 0, output()},
	}
}

// told counts and reports what is about to be refused. Two rules, because the
// second ends where the limit is reached.
func told(reason string) []rule {
	return []rule{
		perLink("refusals", &expr.Counter{}),
		all(perLink("reported", perSecond(logRate, logBurst)), rule{&expr.Log{
			Key:   1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_PREFIX | 1<<unix.NFTA_LOG_SNAPLEN,
			Group: logGroup, Snaplen: snapLength, Data: []byte(reason),
		}}),
	}
}

// arrive looks at what every packet must have: no options, no fragments, and
// the source address of the link it came by.
func arrive() []rule {
	return []rule{
		all(ip4.here(), rule{network(0, 1), isNot(0x45)}, goTo("malformed")),
		all(ip4.here(), rule{network(6, 2), bits(0xbf, 0xff), isNot(0, 0)}, goTo("malformed")),
		all(ip4.here(), ip4.linkAnd(expr.MetaKeyIIFNAME, ip4.source, true), goTo("spoofed")),
		all(ip4.here(), goTo("judge")),

		// What every IPv6 stack says unasked on a new link: not worth a report.
		all(ip6.here(), rule{network(24, 1), is(0xff)}, drop()),
		all(ip6.here(), rule{network(8, 2), bits(0xff, 0xc0), is(0xfe, 0x80)}, drop()),
		all(ip6.here(), rule{network(8, 16), is(make([]byte, 16)...)}, drop()),
		all(ip6.here(), ip6.linkAnd(expr.MetaKeyIIFNAME, ip6.source, true), goTo("spoofed")),
		// The next header must be the last: TCP, UDP, or ICMPv6 to be refused.
		all(ip6.here(), rule{network(6, 1), is(unix.IPPROTO_TCP)}, goTo("judge")),
		all(ip6.here(), rule{network(6, 1), is(unix.IPPROTO_UDP)}, goTo("judge")),
		all(ip6.here(), rule{network(6, 1), is(unix.IPPROTO_ICMPV6)}, goTo("refused")),
		all(ip6.here(), goTo("malformed")),
	}
}

// judge lets questions to the resolver through, what belongs to a connection
// that the proxy has, and new connections to what is pinned.
func judge(resolver4, resolver6 netip.Addr) []rule {
	dns := func(f family, a netip.Addr, p byte) rule {
		return all(f.here(), proto(p), f.to(a), port(53), mark(markDNS), accept())
	}
	// Not a SYN: that is a new connection, or one that must be allowed again.
	noSYN := rule{transport(13, 1), bits(0x02), is(0)}
	ours := rule{&expr.Socket{Key: expr.SocketKeyTransparent, Register: reg}, is(1)}
	return []rule{
		dns(ip4, resolver4, unix.IPPROTO_UDP), dns(ip6, resolver6, unix.IPPROTO_UDP),
		dns(ip4, resolver4, unix.IPPROTO_TCP), dns(ip6, resolver6, unix.IPPROTO_TCP),
		all(proto(unix.IPPROTO_TCP), noSYN, ours, mark(markProxy), accept()),
		all(ip4.here(), proto(unix.IPPROTO_TCP), ip4.allowed(), ip4.toProxy(), mark(markProxy), accept()),
		all(ip6.here(), proto(unix.IPPROTO_TCP), ip6.allowed(), ip6.toProxy(), mark(markProxy), accept()),
		all(ip4.here(), proto(unix.IPPROTO_TCP), wideLink(), ip4.toProxy(), mark(markProxy), accept()),
		all(ip6.here(), proto(unix.IPPROTO_TCP), wideLink(), ip6.toProxy(), mark(markProxy), accept()),
		goTo("refused"),
	}
}

// output lets answers out, to a slot's own address by its own link.
func output() []rule {
	var rules []rule
	for _, f := range []family{ip4, ip6} {
		to := all(f.here(), f.linkAnd(expr.MetaKeyOIFNAME, f.dest, false))
		rules = append(rules,
			all(to, proto(unix.IPPROTO_TCP), accept()),
			all(to, proto(unix.IPPROTO_UDP), rule{transport(0, 2), is(0, 53)}, accept()),
			all(to, proto(f.icmp), rule{transport(0, 1), is(f.unreachable)}, accept()))
	}
	return rules
}
