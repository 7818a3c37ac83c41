package link

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// The words that rules are written in. A match puts what it looks at into
// register 1; a key of several parts begins there with the link's name, which
// takes 16 bytes, and goes on in the registers behind.
const (
	reg     = unix.NFT_REG_1
	behind  = unix.NFT_REG_2    // after 16 bytes
	behind4 = unix.NFT_REG32_05 // after an IPv4 address more
	behind6 = unix.NFT_REG_3    // after an IPv6 address more
)

// rule is the words of one rule, in order.
type rule = []expr.Any

// all joins matches and statements to one rule.
func all(parts ...rule) rule {
	var r rule
	for _, p := range parts {
		r = append(r, p...)
	}
	return r
}

func is(value ...byte) expr.Any    { return &expr.Cmp{Op: expr.CmpOpEq, Register: reg, Data: value} }
func isNot(value ...byte) expr.Any { return &expr.Cmp{Op: expr.CmpOpNeq, Register: reg, Data: value} }

func meta(key expr.MetaKey) expr.Any { return &expr.Meta{Key: key, Register: reg} }

func network(offset, length uint32) expr.Any {
	return &expr.Payload{DestRegister: reg, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: length}
}

func transport(offset, length uint32) expr.Any {
	return &expr.Payload{DestRegister: reg, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: length}
}

// bits keeps those of mask.
func bits(mask ...byte) expr.Any {
	return &expr.Bitwise{SourceRegister: reg, DestRegister: reg, Len: uint32(len(mask)), Mask: mask, Xor: make([]byte, len(mask))}
}

func proto(p byte) rule { return rule{meta(expr.MetaKeyL4PROTO), is(p)} }

func port(p uint16) rule { return rule{transport(2, 2), is(binary.BigEndian.AppendUint16(nil, p)...)} }

// marked matches what an earlier chain let through.
func marked() rule { return rule{meta(expr.MetaKeyMARK), isNot(0, 0, 0, 0)} }

func mark(m uint32) rule {
	return rule{
		&expr.Immediate{Register: reg, Data: binaryutil.NativeEndian.PutUint32(m)},
		&expr.Meta{Key: expr.MetaKeyMARK, Register: reg, SourceRegister: true},
	}
}

func accept() rule { return rule{&expr.Verdict{Kind: expr.VerdictAccept}} }
func drop() rule   { return rule{&expr.Verdict{Kind: expr.VerdictDrop}} }

func goTo(chain string) rule { return rule{&expr.Verdict{Kind: expr.VerdictGoto, Chain: chain}} }

// family is what differs between IPv4 and IPv6.
type family struct {
	number            byte // NFPROTO_
	size              uint32
	source, dest      uint32     // offsets of addresses
	afterAddr         uint32     // register behind a link's name and an address
	slots, allow      string     // sets
	proxy             netip.Addr // where its listening socket is
	icmp, unreachable byte       // protocol, and its type for what cannot be reached
}

var (
	ip4 = family{unix.NFPROTO_IPV4, 4, 12, 16, behind4, "slots4", "allow4", netip.MustParseAddr("127.0.0.1"), unix.IPPROTO_ICMP, 3}
	ip6 = family{unix.NFPROTO_IPV6, 16, 8, 24, behind6, "slots6", "allow6", netip.IPv6Loopback(), unix.IPPROTO_ICMPV6, 1}
)

func familyOf(a netip.Addr) family {
	if a.Is4() {
		return ip4
	}
	return ip6
}

// here matches the family.
func (f family) here() rule { return rule{meta(expr.MetaKeyNFPROTO), is(f.number)} }

func (f family) to(a netip.Addr) rule { return rule{network(f.dest, f.size), is(a.AsSlice()...)} }

// linkAnd matches if {link . address} is an element of the family's slots; not,
// if it is none.
func (f family) linkAnd(name expr.MetaKey, offset uint32, not bool) rule {
	return rule{
		meta(name),
		&expr.Payload{DestRegister: behind, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: f.size},
		&expr.Lookup{SourceRegister: reg, SetName: f.slots, SetID: setIDs[f.slots], Invert: not},
	}
}

// allowed matches if {link . destination . port} is an element of the family's
// pins.
func (f family) allowed() rule {
	return rule{
		meta(expr.MetaKeyIIFNAME),
		&expr.Payload{DestRegister: behind, Base: expr.PayloadBaseNetworkHeader, Offset: f.dest, Len: f.size},
		&expr.Payload{DestRegister: f.afterAddr, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Lookup{SourceRegister: reg, SetName: f.allow, SetID: setIDs[f.allow]},
	}
}

// lookedUp matches if {link} is an element of a set.
func lookedUp(set string) rule {
	return rule{meta(expr.MetaKeyIIFNAME), &expr.Lookup{SourceRegister: reg, SetName: set, SetID: setIDs[set]}}
}

// toProxy gives the packet to the connection it belongs to, or to the proxy's
// listening socket. Without one, the rule does not match.
func (f family) toProxy() rule {
	return rule{
		&expr.Immediate{Register: reg, Data: f.proxy.AsSlice()},
		&expr.Immediate{Register: unix.NFT_REG_2, Data: binaryutil.BigEndian.PutUint16(proxyPort)},
		&expr.TProxy{Family: f.number, TableFamily: byte(nftables.TableFamilyINet), RegAddr: reg, RegPort: unix.NFT_REG_2},
	}
}

// perLink evaluates e for the link that the packet came by.
func perLink(set string, e expr.Any) rule {
	return rule{
		meta(expr.MetaKeyIIFNAME),
		&expr.Dynset{SrcRegKey: reg, SetName: set, SetID: setIDs[set], Operation: uint32(unix.NFT_DYNSET_OP_UPDATE), Exprs: []expr.Any{e}},
	}
}

func perSecond(rate uint64, burst uint32) expr.Any {
	return &expr.Limit{Type: expr.LimitTypePkts, Rate: rate, Unit: expr.LimitTimeSecond, Burst: burst}
}
