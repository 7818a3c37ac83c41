package main

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"glovebox/e2e/internet/places"
)

// blind are trials whose packets may arrive without an answer.
func blind() []trial {
	return []trial{
		{1, "raw socket with another's address", func() (string, error) { return rawIP("192.0.2.99") }, "192.0.2.99"},
		{1, "packet socket with another's address", func() (string, error) { return packetSocket("192.0.2.98") }, "192.0.2.98"},
		{1, "bound to another's address", func() (string, error) { return freebind("192.0.2.97") }, "192.0.2.97"},
		{1, "broadcast", func() (string, error) { return datagram("255.255.255.255") }, "255.255.255.255"},
		{1, "multicast", func() (string, error) { return datagram("224.0.0.99") }, "224.0.0.99"},
		{1, "multicast v6", func() (string, error) { return datagram("ff02::77") }, "ff02::77"},
	}
}

// address is a socket address of either family.
func address(a netip.Addr, port int, zone uint32) (int, unix.Sockaddr) {
	if a.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Addr: a.As4(), Port: port}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Addr: a.As16(), Port: port, ZoneId: zone}
}

// ping sends an ICMP echo request, by whichever socket it gets, and waits for
// the answer.
func ping(to string) (string, error) {
	family, sa := address(netip.MustParseAddr(to), 0, 0)
	proto, request, reply := unix.IPPROTO_ICMP, byte(8), byte(0)
	if family == unix.AF_INET6 {
		proto, request, reply = unix.IPPROTO_ICMPV6, 128, 129
	}
	fd, err := unix.Socket(family, unix.SOCK_RAW, proto)
	if err != nil {
		if fd, err = unix.Socket(family, unix.SOCK_DGRAM, proto); err != nil {
			return "", err
		}
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: packetTime.Microseconds()}); err != nil {
		return "", err
	}
	message := []byte{request, 0, 0, 0, 0x47, 0x42, 0, 1, 'a', 't', 't', 'a', 'c', 'k'}
	binary.BigEndian.PutUint16(message[2:], checksum(message))
	if err := unix.Sendto(fd, message, 0, sa); err != nil {
		return "", err
	}
	buf := make([]byte, 1500)
	for end := time.Now().Add(packetTime); time.Now().Before(end); {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return "", err
		}
		got := buf[:n]
		if n > 20 && got[0] == 0x45 { // a raw IPv4 socket has the header, too
			got = got[20:]
		}
		if len(got) > 0 && got[0] == reply {
			return "it answered", nil
		}
	}
	return "", unix.ETIMEDOUT
}

func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// forged is an IPv4 packet with a datagram, from whomever.
func forged(source string) []byte {
	p := make([]byte, 34)
	p[0], p[8], p[9] = 0x45, 64, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	copy(p[12:], netip.MustParseAddr(source).AsSlice())
	copy(p[16:], netip.MustParseAddr(places.Allowed4).AsSlice())
	binary.BigEndian.PutUint16(p[10:], checksum(p[:20]))
	binary.BigEndian.PutUint16(p[20:], 4321)
	binary.BigEndian.PutUint16(p[22:], places.PortEcho)
	binary.BigEndian.PutUint16(p[24:], 14)
	copy(p[28:], "attack")
	return p
}

func rawIP(source string) (string, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	_, sa := address(netip.MustParseAddr(places.Allowed4), 0, 0)
	return "sent", unix.Sendto(fd, forged(source), 0, sa)
}

// packetSocket sends by every interface, to every station.
func packetSocket(source string) (string, error) {
	ip := uint16(unix.ETH_P_IP)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM, int(ip<<8|ip>>8))
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	links, err := net.Interfaces()
	for _, l := range links {
		if l.Flags&net.FlagLoopback == 0 && l.Flags&net.FlagUp != 0 {
			err = unix.Sendto(fd, forged(source), 0, &unix.SockaddrLinklayer{
				Protocol: ip<<8 | ip>>8, Ifindex: l.Index, Halen: 6, Addr: [8]byte{255, 255, 255, 255, 255, 255},
			})
		}
	}
	return "sent", err
}

// freebind uses an address that is not its own, as IP_FREEBIND lets anybody.
func freebind(source string) (string, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_FREEBIND, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_TRANSPARENT, 1)
	_, from := address(netip.MustParseAddr(source), 0, 0)
	if err := unix.Bind(fd, from); err != nil {
		return "", err
	}
	_, sa := address(netip.MustParseAddr(places.Allowed4), places.PortEcho, 0)
	return "sent", unix.Sendto(fd, []byte("attack"), 0, sa)
}

// datagram goes to a group, by every interface.
func datagram(to string) (string, error) {
	addr := netip.MustParseAddr(to)
	links, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	sent := unix.ENETUNREACH
	for _, l := range links {
		if l.Flags&net.FlagLoopback != 0 {
			continue
		}
		family, sa := address(addr, places.PortEcho, uint32(l.Index))
		fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0)
		if err != nil {
			return "", err
		}
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
		if family == unix.AF_INET {
			_ = unix.SetsockoptIPMreqn(fd, unix.SOL_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(l.Index)})
		}
		if unix.Sendto(fd, []byte("attack"), 0, sa) == nil {
			sent = 0
		}
		unix.Close(fd)
	}
	if sent != 0 {
		return "", sent
	}
	return "sent", nil
}
