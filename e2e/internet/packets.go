package internet

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// watch writes down every IP packet that arrives in the world by the host's
// link, except what IPv6 says by itself to find its neighbours.
func (w *World) watch() error {
	all := uint16(unix.ETH_P_ALL)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(all<<8|all>>8))
	if err != nil {
		return err
	}
	link, err := net.InterfaceByName("host")
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all<<8 | all>>8, Ifindex: link.Index})
	}
	if err == nil { // so that the reader sees the end
		err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000})
	}
	if err != nil {
		unix.Close(fd)
		return err
	}
	stop, done := make(chan struct{}), make(chan struct{})
	w.closers = append(w.closers, func() { close(stop); <-done })
	go func() {
		defer close(done)
		defer unix.Close(fd)
		buf := make([]byte, 2048)
		for {
			select {
			case <-stop:
				return
			default:
			}
			n, from, err := unix.Recvfrom(fd, buf, 0)
			ll, ok := from.(*unix.SockaddrLinklayer)
			if err != nil || !ok || ll.Pkttype == unix.PACKET_OUTGOING {
				if err != nil && err != unix.EAGAIN && err != unix.EINTR {
					time.Sleep(10 * time.Millisecond) // the link is going
				}
				continue
			}
			if a, ok := parsePacket(buf[:n]); ok {
				w.Ledger.add(a)
			}
		}
	}()
	return nil
}

// parsePacket reads the addresses of a packet, and its ports if it has some.
func parsePacket(p []byte) (Arrival, bool) {
	var from, to netip.Addr
	var proto byte
	var rest []byte
	switch {
	case len(p) >= 20 && p[0]>>4 == 4:
		from, to = netip.AddrFrom4([4]byte(p[12:16])), netip.AddrFrom4([4]byte(p[16:20]))
		proto, rest = p[9], p[min(len(p), int(p[0]&15)*4):]
	case len(p) >= 40 && p[0]>>4 == 6:
		from, to = netip.AddrFrom16([16]byte(p[8:24])), netip.AddrFrom16([16]byte(p[24:40]))
		proto, rest = p[6], p[40:]
		if proto == 0 || proto == unix.IPPROTO_ICMPV6 && len(rest) > 0 && rest[0] >= 130 {
			return Arrival{}, false // hop by hop, as multicast listeners send; neighbours
		}
	default:
		return Arrival{}, false
	}
	var ports [2]uint16
	if (proto == unix.IPPROTO_TCP || proto == unix.IPPROTO_UDP) && len(rest) >= 4 {
		ports = [2]uint16{binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])}
	}
	return Arrival{
		Server: "packet", From: netip.AddrPortFrom(from, ports[0]), To: netip.AddrPortFrom(to, ports[1]), Sent: "protocol " + strconv.Itoa(int(proto)),
	}, true
}
