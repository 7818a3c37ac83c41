package link

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wire is the raw end of a slot's link: what gVisor has, and what a sandbox
// that took gVisor over would have.
type wire struct {
	fd      int
	gateway net.HardwareAddr
	own     net.HardwareAddr
}

func openWire(tb testing.TB, s Slot) *wire {
	tb.Helper()
	n, ok := numberOf(s.Link)
	if !ok {
		tb.Fatalf("%q is no link", s.Link)
	}
	w := &wire{gateway: hardware(n, 0), own: hardware(n, 1)}
	ns, err := openNamespace(s.Netns)
	if err != nil {
		tb.Fatal(err)
	}
	defer ns.Close()
	err = inside(ns, func() error {
		eth, err := net.InterfaceByName(sandboxLink)
		if err != nil {
			return err
		}
		if w.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return os.NewSyscallError("socket", err)
		}
		tv := unix.NsecToTimeval(int64(2 * time.Second))
		if err := unix.SetsockoptTimeval(w.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		// What comes back to udp's port has a taker, or the kernel would answer.
		taker, err := net.ListenPacket("udp", ":4000")
		if err != nil {
			return err
		}
		tb.Cleanup(func() { taker.Close() })
		return os.NewSyscallError("bind", unix.Bind(w.fd, &unix.SockaddrLinklayer{Protocol: 0x0300, Ifindex: eth.Index}))
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { unix.Close(w.fd) })
	return w
}

// send sends an IP packet to the gateway.
func (w *wire) send(tb testing.TB, packet []byte) {
	tb.Helper()
	kind := uint16(unix.ETH_P_IP)
	if packet[0]>>4 == 6 {
		kind = unix.ETH_P_IPV6
	}
	w.sendFrame(tb, w.gateway, kind, packet)
}

func (w *wire) sendFrame(tb testing.TB, to net.HardwareAddr, kind uint16, body []byte) {
	tb.Helper()
	frame := append(append(append([]byte{}, to...), w.own...), byte(kind>>8), byte(kind))
	if _, err := unix.Write(w.fd, append(frame, body...)); err != nil {
		tb.Fatalf("send a frame: %v", err)
	}
}

// receive returns the next frame that came from the router; nil after two
// seconds without one.
func (w *wire) receive(tb testing.TB) []byte {
	tb.Helper()
	b := make([]byte, 70_000)
	for {
		n, from, err := unix.Recvfrom(w.fd, b, 0)
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			tb.Fatalf("read a frame: %v", err)
		}
		if ll, ok := from.(*unix.SockaddrLinklayer); ok && ll.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		return b[:n]
	}
}

// packet is an IP packet, to be written as its fields say, right or wrong.
type packet struct {
	src, dst   netip.Addr
	proto      byte
	options    []byte // IPv4
	fragment   uint16 // IPv4: flags and offset
	extensions []byte // IPv6; the first byte of each is the next header
	first      byte   // IPv6: protocol of the first extension
	body       []byte
}

func (p packet) bytes() []byte {
	if p.src.Is4() {
		return p.bytes4()
	}
	b := []byte{0x60, 0, 0, 0}
	next := p.proto
	if len(p.extensions) > 0 {
		next = p.first
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.extensions)+len(p.body)))
	b = append(b, next, 64)
	b = append(append(b, p.src.AsSlice()...), p.dst.AsSlice()...)
	return append(append(b, p.extensions...), p.body...)
}

func (p packet) bytes4() []byte {
	size := 20 + len(p.options)
	b := []byte{byte(0x40 | size/4), 0}
	b = binary.BigEndian.AppendUint16(b, uint16(size+len(p.body)))
	b = append(b, 0x12, 0x34)
	b = binary.BigEndian.AppendUint16(b, p.fragment)
	b = append(b, 64, p.proto, 0, 0)
	b = append(append(append(b, p.src.AsSlice()...), p.dst.AsSlice()...), p.options...)
	binary.BigEndian.PutUint16(b[10:], sum(b))
	return append(b, p.body...)
}

// sum is the Internet checksum.
func sum(parts ...[]byte) uint16 {
	var s uint32
	for _, b := range parts {
		for i := 0; i+1 < len(b); i += 2 {
			s += uint32(binary.BigEndian.Uint16(b[i:]))
		}
		if len(b)%2 == 1 {
			s += uint32(b[len(b)-1]) << 8
		}
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

func pseudo(src, dst netip.Addr, proto byte, size int) []byte {
	b := append(src.AsSlice(), dst.AsSlice()...)
	return append(binary.BigEndian.AppendUint32(b, uint32(size)), 0, 0, 0, proto)
}

func udp(src, dst netip.Addr, to uint16, payload string) packet {
	b := binary.BigEndian.AppendUint16(nil, 4000)
	b = binary.BigEndian.AppendUint16(b, to)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	b = append(append(b, 0, 0), payload...)
	binary.BigEndian.PutUint16(b[6:], sum(pseudo(src, dst, unix.IPPROTO_UDP, len(b)), b))
	return packet{src: src, dst: dst, proto: unix.IPPROTO_UDP, body: b}
}

// TCP flags.
const (
	fin, syn, rst, ack = 1, 2, 4, 16
)

func tcp(src, dst netip.Addr, from, to uint16, flags byte) packet {
	b := binary.BigEndian.AppendUint16(nil, from)
	b = binary.BigEndian.AppendUint16(b, to)
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(b[16:], sum(pseudo(src, dst, unix.IPPROTO_TCP, len(b)), b))
	return packet{src: src, dst: dst, proto: unix.IPPROTO_TCP, body: b}
}

func ping(src, dst netip.Addr) packet {
	p := packet{src: src, dst: dst, proto: unix.IPPROTO_ICMP, body: []byte{8, 0, 0, 0, 0, 1, 0, 1}}
	if src.Is6() {
		return icmp6(src, dst, 128, []byte{0, 0, 0, 0, 0, 1, 0, 1}[:4])
	}
	binary.BigEndian.PutUint16(p.body[2:], sum(p.body))
	return p
}

func icmp6(src, dst netip.Addr, kind byte, body []byte) packet {
	b := append([]byte{kind, 0, 0, 0}, body...)
	binary.BigEndian.PutUint16(b[2:], sum(pseudo(src, dst, unix.IPPROTO_ICMPV6, len(b)), b))
	return packet{src: src, dst: dst, proto: unix.IPPROTO_ICMPV6, body: b}
}

func (p packet) with(change func(*packet)) packet {
	change(&p)
	return p
}
