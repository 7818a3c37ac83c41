package link

import (
	"errors"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"glovebox"
)

// backlog is how many connections may wait to be accepted.
const backlog = 4096

// Sockets are the filter's ends of the router: listening sockets in the
// router's namespace, which any process can serve that is given them, without
// a right of its own.
type Sockets struct {
	// Questions to the resolver. Each answers at its slot's source address.
	DNSPackets4, DNSPackets6 *os.File // UDP
	DNSStreams4, DNSStreams6 *os.File // TCP
	// Connections to what is pinned. The local address of an accepted one is
	// the destination that the sandbox asked for, the remote its slot's.
	Proxy4, Proxy6 *os.File
}

// Files lists them in the order of the fields, as for exec.Cmd.ExtraFiles.
func (s Sockets) Files() []*os.File {
	return []*os.File{s.DNSPackets4, s.DNSPackets6, s.DNSStreams4, s.DNSStreams6, s.Proxy4, s.Proxy6}
}

// Close closes those that are open, in this process alone.
func (s Sockets) Close() error {
	var errs []error
	for _, f := range s.Files() {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// Sockets makes the listening sockets. There is one set at a time: KindInUse as
// long as any process has that of an earlier call.
func (r *Router) Sockets() (Sockets, error) {
	dns4 := netip.AddrPortFrom(r.config.resolver(r.config.Prefix4), 53)
	dns6 := netip.AddrPortFrom(r.config.resolver(r.config.Prefix6), 53)
	var s Sockets
	err := inside(r.ns, func() error {
		for _, x := range []struct {
			file        **os.File
			kind        int
			at          netip.AddrPort
			transparent bool
		}{
			{&s.DNSPackets4, unix.SOCK_DGRAM, dns4, false}, {&s.DNSPackets6, unix.SOCK_DGRAM, dns6, false},
			{&s.DNSStreams4, unix.SOCK_STREAM, dns4, false}, {&s.DNSStreams6, unix.SOCK_STREAM, dns6, false},
			{&s.Proxy4, unix.SOCK_STREAM, netip.AddrPortFrom(ip4.proxy, proxyPort), true},
			{&s.Proxy6, unix.SOCK_STREAM, netip.AddrPortFrom(ip6.proxy, proxyPort), true},
		} {
			f, err := socket(x.kind, x.at, x.transparent)
			if err != nil {
				return err
			}
			*x.file = f
		}
		return nil
	})
	if err == nil {
		return s, nil
	}
	_ = s.Close()
	if errors.Is(err, unix.EADDRINUSE) {
		return Sockets{}, glovebox.Errorf(glovebox.KindInUse, "another filter serves the router").Try("end it first")
	}
	return Sockets{}, glovebox.Errorf(glovebox.KindInternal, "make the filter's sockets: %w", err)
}

// socket makes one in the namespace of the calling thread.
func socket(kind int, at netip.AddrPort, transparent bool) (*os.File, error) {
	var address unix.Sockaddr
	family, level, option := unix.AF_INET, unix.SOL_IP, unix.IP_TRANSPARENT
	if at.Addr().Is4() {
		address = &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}
	} else {
		family, level, option = unix.AF_INET6, unix.SOL_IPV6, unix.IPV6_TRANSPARENT
		address = &unix.SockaddrInet6{Addr: at.Addr().As16(), Port: int(at.Port())}
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), at.String())
	set := func(level, option int) {
		if err == nil {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, level, option, 1))
		}
	}
	if family == unix.AF_INET6 {
		set(unix.SOL_IPV6, unix.IPV6_V6ONLY)
	}
	if kind == unix.SOCK_STREAM {
		set(unix.SOL_SOCKET, unix.SO_REUSEADDR) // of connections that are closing
	}
	if transparent {
		set(level, option)
	}
	if err == nil {
		err = os.NewSyscallError("bind", unix.Bind(fd, address))
	}
	if err == nil && kind == unix.SOCK_STREAM {
		err = os.NewSyscallError("listen", unix.Listen(fd, backlog))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
