package filter

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"glovebox"
)

// Inherited are the descriptors that the agent leaves to the filter's process.
type Inherited struct {
	Control int   // one end of a socket pair
	DNS     []int // UDP sockets
	DNSTCP  []int // listening
	TCP     []int // listening, transparent
}

// Main serves inherited sockets until ctx ends or the agent is gone. c has what
// is no socket; limits that it leaves open follow the process's own.
func Main(ctx context.Context, in Inherited, c Config) error {
	var err error
	if c.Control, err = Conn(os.NewFile(uintptr(in.Control), "control")); err != nil {
		return err
	}
	if c.DNS, err = each(in.DNS, "dns", net.FilePacketConn); err == nil {
		if c.DNSTCP, err = each(in.DNSTCP, "dns-tcp", net.FileListener); err == nil {
			c.TCP, err = each(in.TCP, "tcp", net.FileListener)
		}
	}
	if err != nil {
		c.close()
		return err
	}
	if c.Limits.AllConns == 0 {
		c.Limits.AllConns = connsFor()
	}
	return Serve(ctx, c)
}

// Conn makes a connection of a file, which it closes.
func Conn(f *os.File) (net.Conn, error) { return adopt(f, net.FileConn) }

func each[T any](fds []int, name string, open func(*os.File) (T, error)) ([]T, error) {
	var all []T
	for i, fd := range fds {
		t, err := adopt(os.NewFile(uintptr(fd), fmt.Sprintf("%s.%d", name, i)), open)
		if err != nil {
			return all, err
		}
		all = append(all, t)
	}
	return all, nil
}

// adopt makes a socket of a file. The file is closed: the socket has a
// descriptor of its own.
func adopt[T any](f *os.File, open func(*os.File) (T, error)) (t T, err error) {
	if f == nil {
		return t, glovebox.Errorf(glovebox.KindUsage, "a descriptor that is not open")
	}
	defer f.Close()
	if t, err = open(f); err != nil {
		return t, glovebox.Errorf(glovebox.KindUsage, "%s is not the socket it should be: %w", f.Name(), err)
	}
	return t, nil
}

// fdsPerConn are the descriptors of one connection: two sockets, and two pipes
// through which the kernel moves bytes.
const fdsPerConn = 6

// connsFor is how many connections the process has descriptors for.
func connsFor() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	return int(min(l.Cur, 1<<20))/fdsPerConn - 32
}

// Never reads prefixes as an operator writes them.
func Never(texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for i, s := range texts {
		p, err := parsePrefix(s)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindUsage, "%q is no address or prefix", s).On(fmt.Sprintf("never.%d", i))
		}
		all = append(all, p)
	}
	return all, nil
}
