package link

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// hostile is a packet that slot a writes onto its wire, and that must reach
// nothing: not the resolver, not the proxy, not slot b. Each is one change away
// from a packet that does.
type hostile struct {
	name   string
	packet packet
	reason string // of the refusal that is reported; "" = dropped unsaid
}

func hostilePackets(a, b Slot) []hostile {
	public4, public6 := netip.MustParseAddrPort(out4).Addr(), netip.MustParseAddrPort(out6).Addr()
	var all []hostile
	add := func(name, reason string, p packet) { all = append(all, hostile{name, p, reason}) }
	for _, v := range []struct {
		own, other, gateway, otherGateway, resolver, public, loopback netip.Addr
	}{
		{a.Addr4, b.Addr4, a.Gateway4, b.Gateway4, a.Resolver4, public4, netip.MustParseAddr("127.0.0.1")},
		{a.Addr6, b.Addr6, a.Gateway6, b.Gateway6, a.Resolver6, public6, netip.IPv6Loopback()},
	} {
		is := "IPv4 "
		if v.own.Is6() {
			is = "IPv6 "
		}
		for name, from := range map[string]netip.Addr{
			"other slot": v.other, "public": v.public, "gateway": v.gateway, "resolver": v.resolver, "loopback": v.loopback,
		} {
			reason := Spoofed
			if from == netip.IPv6Loopback() {
				reason = "" // the kernel drops it before the rules see it
			}
			add(is+"UDP from "+name, reason, udp(from, v.resolver, 53, "hostile"))
			add(is+"SYN from "+name, reason, tcp(from, v.public, 1000, 443, syn))
		}
		for name, to := range map[string]netip.Addr{
			"other slot": v.other, "gateway": v.gateway, "other gateway": v.otherGateway, "public": v.public,
		} {
			add(is+"DNS to "+name, NoRule, udp(v.own, to, 53, "hostile"))
			add(is+"DNS over TCP to "+name, NoRule, tcp(v.own, to, 1000, 53, syn))
			add(is+"ping to "+name, NoRule, ping(v.own, to))
		}
		for _, p := range []uint16{0, 22, 54, 443, proxyPort} {
			add(fmt.Sprintf("%sUDP %d to resolver", is, p), NoRule, udp(v.own, v.resolver, p, "hostile"))
			add(fmt.Sprintf("%sSYN %d to resolver", is, p), NoRule, tcp(v.own, v.resolver, 1000, p, syn))
			add(fmt.Sprintf("%sSYN %d to gateway", is, p), NoRule, tcp(v.own, v.gateway, 1000, p, syn))
			add(fmt.Sprintf("%sSYN %d to other slot", is, p), NoRule, tcp(v.own, v.other, 1000, p, syn))
		}
		add(is+"QUIC to what is pinned for TCP", NoRule, udp(v.own, v.public, 443, "hostile"))
		add(is+"SYN to another port", NoRule, tcp(v.own, v.public, 1000, 444, syn))
		add(is+"ACK of no connection", NoRule, tcp(v.own, v.public, 1000, 444, ack))
		add(is+"RST of no connection", NoRule, tcp(v.own, v.public, 1000, 444, rst))
		add(is+"FIN to other slot", NoRule, tcp(v.own, v.other, 1000, 443, fin))
		add(is+"ping to resolver", NoRule, ping(v.own, v.resolver))
		for _, proto := range []byte{2, 4, 41, 47, 50, 51, 132, 136, 255} {
			reason := NoRule
			if v.own.Is6() {
				reason = Malformed // nothing but TCP, UDP and ICMPv6 may follow the header
			}
			add(fmt.Sprintf("%sprotocol %d to resolver", is, proto), reason, udp(v.own, v.resolver, 53, "hostile").with(func(p *packet) { p.proto = proto }))
		}
	}
	return append(all, slices.Concat(hostile4(a, b), hostile6(a))...)
}

func hostile4(a, b Slot) []hostile {
	dns := udp(a.Addr4, a.Resolver4, 53, "hostile")
	dial := tcp(a.Addr4, netip.MustParseAddrPort(out4).Addr(), 1000, 443, syn)
	to := func(addr string) packet { return udp(a.Addr4, netip.MustParseAddr(addr), 53, "hostile") }
	options := func(o ...byte) func(*packet) { return func(p *packet) { p.options = o } }
	fragment := func(f uint16) func(*packet) { return func(p *packet) { p.fragment = f } }
	b4 := b.Addr4.As4()
	return []hostile{
		{"options: none but padding", dns.with(options(1, 1, 1, 1)), Malformed},
		{"options: source route", dial.with(options(append([]byte{0x89, 7, 4}, append(b4[:], 0)...)...)), Malformed},
		{"options: record route", dns.with(options(7, 7, 4, 0, 0, 0, 0, 0)), Malformed},
		{"fragment: first", dns.with(fragment(0x2000)), Malformed},
		{"fragment: later", dns.with(fragment(0x0001)), Malformed},
		{"fragment: first, TCP", dial.with(fragment(0x2000)), Malformed},
		{"fragment: overlaps the header", dial.with(fragment(0x2001)), Malformed},
		{"reserved flag", dns.with(fragment(0x8000)), Malformed},
		{"to everybody", to("255.255.255.255"), NoRule},
		{"to all systems", to("224.0.0.1"), NoRule},
		{"to the proxy's socket", tcp(a.Addr4, netip.MustParseAddr("127.0.0.1"), 1000, proxyPort, syn), NoRule},
		{"to 127.0.0.1", to("127.0.0.1"), NoRule},
		{"to metadata", tcp(a.Addr4, metadata, 1000, 80, syn), NoRule},
		{"to 0.0.0.0", to("0.0.0.0"), NoRule},
	}
}

func hostile6(a Slot) []hostile {
	dns := udp(a.Addr6, a.Resolver6, 53, "hostile")
	dial := tcp(a.Addr6, netip.MustParseAddrPort(out6).Addr(), 1000, 443, syn)
	from := func(addr string) packet { return udp(netip.MustParseAddr(addr), a.Resolver6, 53, "hostile") }
	behind := func(p packet, first byte, header ...byte) packet {
		p.first, p.extensions = first, append([]byte{p.proto}, header...)
		return p
	}
	link, routers := netip.MustParseAddr("fe80::1"), netip.MustParseAddr("ff02::2")
	target := append(make([]byte, 4), a.Gateway6.AsSlice()...)
	return []hostile{
		{"hop-by-hop", behind(dns, unix.IPPROTO_HOPOPTS, 0, 1, 4, 0, 0, 0, 0), Malformed},
		{"routing header", behind(dns, unix.IPPROTO_ROUTING, 0, 0, 0, 0, 0, 0, 0), Malformed},
		{"fragment header, whole", behind(dns, unix.IPPROTO_FRAGMENT, 0, 0, 0, 0, 0, 0, 1), Malformed},
		{"fragment header, first", behind(dial, unix.IPPROTO_FRAGMENT, 0, 0, 1, 0, 0, 0, 1), Malformed},
		{"destination options", behind(dial, unix.IPPROTO_DSTOPTS, 0, 1, 4, 0, 0, 0, 0), Malformed},
		{"link-local source", from("fe80::1"), ""},
		{"no source", from("::"), ""},
		{"mapped source", from("::ffff:10.77.0.3"), Spoofed},
		{"to all nodes", udp(a.Addr6, netip.MustParseAddr("ff02::1"), 53, "hostile"), ""},
		{"to the proxy's socket", tcp(a.Addr6, netip.IPv6Loopback(), 1000, proxyPort, syn), ""}, // dropped before the rules
		{"to link-local", udp(a.Addr6, link, 53, "hostile"), NoRule},
		{"to metadata", tcp(a.Addr6, netip.MustParseAddr("fd00:ec2::254"), 1000, 80, syn), NoRule},
		{"router solicitation", icmp6(link, routers, 133, make([]byte, 4)), ""},
		{"router advertisement", icmp6(a.Addr6, a.Gateway6, 134, make([]byte, 12)), NoRule},
		{"neighbour solicitation", icmp6(a.Addr6, a.Gateway6, 135, target), NoRule},
		{"neighbour advertisement", icmp6(a.Addr6, a.Gateway6, 136, target), NoRule},
		{"redirect", icmp6(a.Addr6, a.Gateway6, 137, append(target, a.Gateway6.AsSlice()...)), NoRule},
	}
}

// TestHostilePackets sends each hostile packet between two that are let
// through, so that nothing has to be waited for: when the second arrives, the
// hostile one has been dropped.
func TestHostilePackets(t *testing.T) {
	n := start(t, config(t))
	a, b := n.slot(t, "a"), n.slot(t, "b")
	n.pin(t, "a", time.Minute, out4, out6)
	wireA, wireB := openWire(t, a), openWire(t, b)
	controls := 0
	for i, h := range hostilePackets(a, b) {
		t.Run(h.name, func(t *testing.T) {
			begin := refusals(t, n, "a")
			wireA.send(t, h.packet.bytes())
			own, resolver, public := a.Addr4, a.Resolver4, netip.MustParseAddrPort(out4).Addr()
			if h.packet.src.Is6() {
				own, resolver, public = a.Addr6, a.Resolver6, netip.MustParseAddrPort(out6).Addr()
			}
			control := fmt.Sprintf("control %d", i)
			wireA.send(t, udp(own, resolver, 53, control).bytes())
			if got := <-n.heard; got != control {
				t.Errorf("the resolver hears %q", got)
			}
			wireA.send(t, tcp(own, public, uint16(2000+i), 443, syn).bytes())
			for { // all that comes back, up to the answer to the control
				f := wireA.receive(t)
				if f == nil {
					t.Fatal("the control's SYN is not answered")
				}
				if p := f[14:]; synAck(p, uint16(2000+i)) {
					break
				} else if synAck(p, 1000) {
					t.Errorf("the hostile SYN is answered")
				}
			}
			controls++
			want := int64(1)
			if h.reason == "" {
				want = 0
			}
			if got := refusals(t, n, "a") - begin; got != want {
				t.Errorf("%d refusals are counted, not %d", got, want)
			}
		})
	}
	// Slot b saw nothing of all that, and does see what is for it.
	wireB.send(t, udp(b.Addr4, b.Resolver4, 53, "hello").bytes())
	if f := wireB.receive(t); f == nil || !hasSource(f, b.Resolver4) {
		t.Errorf("the first that slot b sees is %x, not the resolver's answer", f)
	}
	t.Logf("hostile packets: %d, let through: 0 unless it says so above, controls that arrived: %d", len(hostilePackets(a, b)), controls)
}

func synAck(p []byte, to uint16) bool {
	size := 20
	if p[0]>>4 == 6 {
		size = 40
	}
	return len(p) >= size+20 && binary.BigEndian.Uint16(p[size+2:]) == to && p[size+13]&(syn|ack) == syn|ack
}

func hasSource(f []byte, a netip.Addr) bool {
	h, ok := parseHeader(f[14:])
	return ok && h.source.Addr() == a
}

func refusals(t *testing.T, n *node, id string) int64 {
	t.Helper()
	k, err := n.Refusals(id)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestHostileReasons: what is refused is reported with the reason.
func TestHostileReasons(t *testing.T) {
	n := start(t, config(t))
	var once []hostile
	seen := map[string]bool{}
	a, b := n.slot(t, "a"), n.slot(t, "b")
	for _, h := range hostilePackets(a, b) {
		if key := h.reason + h.name[:4]; h.reason != "" && !seen[key] {
			seen[key] = true
			once = append(once, h)
		}
	}
	w := openWire(t, a)
	for _, h := range once {
		w.send(t, h.packet.bytes())
		got := <-n.Refused()
		head, _ := parseHeader(h.packet.bytes())
		if got.Slot != "a" || got.Reason != h.reason || got.Proto != head.proto || got.Source != head.source || got.Dest != head.dest || got.Missed != 0 || got.At.IsZero() {
			t.Errorf("%s is reported as %+v", h.name, got)
		}
	}
}

// TestFalseNeighbours: what a slot says about addresses that are not its own
// changes nothing for the slot that has them, and is not answered.
func TestFalseNeighbours(t *testing.T) {
	n := start(t, config(t))
	a, b := n.slot(t, "a"), n.slot(t, "b")
	wireA, wireB := openWire(t, a), openWire(t, b)
	arp := func(op byte, mac []byte, sender, target netip.Addr) []byte {
		p := []byte{0, 1, 8, 0, 6, 4, 0, op}
		p = append(append(p, mac...), sender.AsSlice()...)
		return append(append(p, make([]byte, 6)...), target.AsSlice()...)
	}
	everybody := []byte{255, 255, 255, 255, 255, 255}
	for _, target := range []netip.Addr{b.Addr4, b.Gateway4, a.Resolver4} {
		wireA.sendFrame(t, everybody, unix.ETH_P_ARP, arp(1, wireA.own, a.Addr4, target))
	}
	wireA.sendFrame(t, everybody, unix.ETH_P_ARP, arp(1, wireA.own, b.Addr4, b.Addr4))
	wireA.sendFrame(t, wireA.gateway, unix.ETH_P_ARP, arp(2, wireA.own, b.Addr4, a.Gateway4))
	wireA.sendFrame(t, wireA.gateway, unix.ETH_P_ARP, arp(2, wireB.own, a.Addr4, a.Gateway4))
	wireA.sendFrame(t, everybody, unix.ETH_P_ARP, arp(1, wireA.own, a.Addr4, a.Gateway4)) // control
	f := wireA.receive(t)
	if f == nil || binary.BigEndian.Uint16(f[12:]) != unix.ETH_P_ARP || !slices.Equal(f[28:32], a.Gateway4.AsSlice()) {
		t.Errorf("the first answer is %x, not that of the gateway", f)
	}
	for _, x := range []struct {
		w *wire
		s Slot
	}{{wireA, a}, {wireB, b}} {
		x.w.send(t, udp(x.s.Addr4, x.s.Resolver4, 53, "hello").bytes())
		if f := x.w.receive(t); f == nil || !hasSource(f, x.s.Resolver4) {
			t.Errorf("%s gets %x, not the resolver's answer", x.s.ID, f)
		}
	}
	// In a VLAN, nobody is there.
	tagged := append([]byte{0, 7, 8, 0}, udp(a.Addr4, a.Resolver4, 53, "hostile").bytes()...)
	wireA.sendFrame(t, wireA.gateway, unix.ETH_P_8021Q, tagged)
	wireA.send(t, udp(a.Addr4, a.Resolver4, 53, "control").bytes())
	for _, want := range []string{"hello", "hello", "control"} {
		if got := <-n.heard; got != want {
			t.Errorf("the resolver hears %q, not %q", got, want)
		}
	}
}
