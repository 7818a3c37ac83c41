package link

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Everything that a slot is called follows from its number: slot n has the
// n-th pair of addresses of both prefixes, the even one for the router's end
// and the odd one for the sandbox. Pair 0 is the resolver's. So what is in the
// kernel is enough to know what is taken.

// linkPrefix begins the names of the router's ends of links.
const linkPrefix = "gb"

// maxNumber is the largest number of a slot, whatever the prefixes: the name of
// its link has 15 characters at most, and its number fits into a MAC address.
const maxNumber = 1<<24 - 1

func linkName(n uint32) string { return linkPrefix + strconv.FormatUint(uint64(n), 10) }

// numberOf is the slot whose link has the name; false if it is none of ours.
func numberOf(name string) (uint32, bool) {
	digits, ok := strings.CutPrefix(name, linkPrefix)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || n == 0 || n > maxNumber || linkName(uint32(n)) != name {
		return 0, false
	}
	return uint32(n), true
}

// hardware is the MAC address of an end (0 the router's, 1 the sandbox's):
// known from the start, both ends need not ask for it.
func hardware(n uint32, end byte) net.HardwareAddr {
	return binary.BigEndian.AppendUint32([]byte{0x02, end}, n)
}

// lastNumber is the largest number for which both prefixes have addresses.
func (c *Config) lastNumber() uint32 {
	n := uint64(maxNumber)
	for _, bits := range []int{31 - c.Prefix4.Bits(), 127 - c.Prefix6.Bits()} {
		if bits < 24 {
			n = min(n, 1<<bits-1)
		}
	}
	return uint32(n)
}

// pair is the router's and the sandbox's address of slot n.
func pair(p netip.Prefix, n uint32) (gateway, own netip.Addr) {
	b := p.Addr().AsSlice()
	tail := b[len(b)-4:]
	binary.BigEndian.PutUint32(tail, binary.BigEndian.Uint32(tail)+2*n)
	gateway, _ = netip.AddrFromSlice(b)
	return gateway, gateway.Next()
}

// resolver is where sandboxes find the resolver, at port 53.
func (c *Config) resolver(p netip.Prefix) netip.Addr {
	_, addr := pair(p, 0)
	return addr
}

// ownNet is addr with the mask of a link of two.
func ownNet(addr netip.Addr) *net.IPNet {
	return &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(addr.BitLen()-1, addr.BitLen())}
}

// hostNet is addr alone.
func hostNet(addr netip.Addr) *net.IPNet {
	return &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(addr.BitLen(), addr.BitLen())}
}

func anyNet(bits int) *net.IPNet {
	return &net.IPNet{IP: make(net.IP, bits/8), Mask: net.CIDRMask(0, bits)}
}
