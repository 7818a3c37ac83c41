package link

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// snapLength is how much of a refused packet is looked at.
const snapLength = 64

// header is what a packet says about itself.
type header struct {
	proto        string // "tcp", "udp", "icmp" or the protocol's number
	source, dest netip.AddrPort
}

// parseHeader reads the beginning of an IP packet that a sandbox wrote; false
// if it is none. Ports are 0 where there are none, or not here: behind IPv6
// extension headers nobody looks.
func parseHeader(b []byte) (header, bool) {
	var h header
	var proto byte
	var src, dst netip.Addr
	var rest []byte
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		proto = b[9]
		src, dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		first := binary.BigEndian.Uint16(b[6:])&0x1fff == 0 // of fragments, only the first has ports
		if size := int(b[0]&15) * 4; first && size >= 20 && size <= len(b) {
			rest = b[size:]
		}
	case len(b) >= 40 && b[0]>>4 == 6:
		proto = b[6]
		src, dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		rest = b[40:]
	default:
		return h, false
	}
	var from, to uint16
	switch proto {
	case unix.IPPROTO_TCP, unix.IPPROTO_UDP:
		h.proto = map[byte]string{unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp"}[proto]
		if len(rest) >= 4 {
			from, to = binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
		}
	case unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6:
		h.proto = "icmp"
	default:
		h.proto = strconv.Itoa(int(proto))
	}
	h.source, h.dest = netip.AddrPortFrom(src, from), netip.AddrPortFrom(dst, to)
	return h, true
}
