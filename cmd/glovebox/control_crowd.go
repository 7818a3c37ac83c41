package main

import (
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// crowd is a listener that lets in so many at one time and no more: each holds
// a file, and without files control cannot serve its operator, its store or its
// jobs. Whoever comes beyond is hung up on.
type crowd struct {
	*net.TCPListener
	most int // of all
	each int // of one address; there is no such bound for this machine, where a proxy may be

	mu sync.Mutex
	in int
	by map[netip.Addr]int
}

// crowded bounds a listener for callers from elsewhere.
func crowded(l net.Listener) net.Listener {
	if tcp, ok := l.(*net.TCPListener); ok {
		return newCrowd(tcp)
	}
	return l
}

// newCrowd leaves half of the files that control may have open to other things.
func newCrowd(l *net.TCPListener) *crowd {
	most := 8192
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil && files.Cur/2 < uint64(most) {
		most = int(files.Cur / 2)
	}
	return &crowd{TCPListener: l, most: most, each: most / 8, by: map[netip.Addr]int{}}
}

// Accept implements net.Listener.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.AcceptTCP()
		if err != nil {
			return nil, err
		}
		from := network(conn.RemoteAddr())
		if c.enter(from) {
			return &visitor{TCPConn: conn, leave: sync.OnceFunc(func() { c.leave(from) })}, nil
		}
		_ = conn.SetLinger(0) // nothing of it stays with us
		_ = conn.Close()
	}
}

func (c *crowd) enter(from netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in >= c.most || c.by[from] >= c.each && !from.IsLoopback() {
		return false
	}
	c.in++
	c.by[from]++
	return true
}

func (c *crowd) leave(from netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in--
	if c.by[from]--; c.by[from] == 0 {
		delete(c.by, from)
	}
}

// network is where a connection comes from: of IPv6 the network, for whoever
// has one address of it has all.
func network(at net.Addr) netip.Addr {
	tcp, ok := at.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	a := tcp.AddrPort().Addr().Unmap().WithZone("")
	if p, err := a.Prefix(64); a.Is6() && !a.IsLoopback() && err == nil {
		return p.Addr()
	}
	return a
}

// visitor is a connection that gives its place back.
type visitor struct {
	*net.TCPConn
	leave func()
}

// Close implements net.Conn.
func (v *visitor) Close() error {
	defer v.leave()
	return v.TCPConn.Close()
}
