package link

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"glovebox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Destinations that nothing here leads to: only the proxy can answer for them.
const (
	out4   = "93.184.216.34:443"
	out6   = "[2606:2800:220:1::1]:443"
	other4 = "93.184.216.34:80"
	other6 = "[2606:2800:220:1::1]:80"
)

// metadata stands for everything that is forbidden.
var metadata = netip.MustParseAddr("169.254.169.254")

func config(tb testing.TB) Config {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Skip("skipped: making network namespaces needs root")
	}
	return Config{
		Dir: filepath.Join(tb.TempDir(), "net"), Prefix4: netip.MustParsePrefix("10.77.0.0/16"), Prefix6: netip.MustParsePrefix("fd77:1:2:3::/64"),
		Forbidden: func(a netip.Addr) bool { return a == metadata || a == netip.MustParseAddr("2001:db8::bad") },
	}
}

func open(tb testing.TB, c Config) *Router {
	tb.Helper()
	r, err := Open(c)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	return r
}

// node is a router with a filter that answers at everything that is let through.
type node struct {
	*Router
	sockets Sockets
	heard   chan string // payloads of packets that the resolver got
}

func start(tb testing.TB, c Config) *node {
	tb.Helper()
	before := links(tb)
	n := &node{Router: open(tb, c), heard: make(chan string, 10_000)}
	tb.Cleanup(func() {
		if err := n.sockets.Close(); err != nil {
			tb.Errorf("close sockets: %v", err)
		}
		if err := n.Destroy(); err != nil {
			tb.Errorf("destroy: %v", err)
		}
		nothingLeft(tb, c.Dir)
		if after := links(tb); after != before {
			tb.Errorf("links of this machine were %s and are %s", before, after)
		}
	})
	n.serve(tb)
	return n
}

// serve does the filter's part: it says what it sees and echoes.
func (n *node) serve(tb testing.TB) {
	tb.Helper()
	var err error
	if n.sockets, err = n.Sockets(); err != nil {
		tb.Fatalf("sockets: %v", err)
	}
	for _, f := range []*os.File{n.sockets.Proxy4, n.sockets.Proxy6, n.sockets.DNSStreams4, n.sockets.DNSStreams6} {
		l, err := net.FileListener(f)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { l.Close() })
		go echoAll(l)
	}
	for _, f := range []*os.File{n.sockets.DNSPackets4, n.sockets.DNSPackets6} {
		p, err := net.FilePacketConn(f)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { p.Close() })
		go func() {
			b := make([]byte, 2000)
			for {
				k, from, err := p.ReadFrom(b)
				if err != nil {
					return
				}
				n.heard <- string(b[:k])
				_, _ = p.WriteTo(b[:k], from)
			}
		}()
	}
}

// echoAll serves until the listener is closed, and then closes what is open: a
// slot that was removed does not end its connections.
func echoAll(l net.Listener) {
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		open = append(open, c)
		go func() {
			defer c.Close()
			fmt.Fprintf(c, "%s -> %s\n", c.RemoteAddr(), c.LocalAddr())
			s := bufio.NewScanner(c)
			for s.Scan() {
				fmt.Fprintln(c, s.Text())
			}
		}()
	}
}

// slot makes one and raises it.
func (n *node) slot(tb testing.TB, id string) Slot {
	tb.Helper()
	s, err := n.Make(tb.Context(), id)
	if err != nil {
		tb.Fatalf("make %s: %v", id, err)
	}
	if err := n.Raise(tb.Context(), id); err != nil {
		tb.Fatalf("raise %s: %v", id, err)
	}
	return s
}

func (n *node) pin(tb testing.TB, id string, ttl time.Duration, to ...string) {
	tb.Helper()
	var pins []Pin
	for _, s := range to {
		ap := netip.MustParseAddrPort(s)
		pins = append(pins, Pin{ap.Addr(), ap.Port(), ttl})
	}
	if err := n.Pin(tb.Context(), id, pins); err != nil {
		tb.Fatalf("pin %v: %v", to, err)
	}
}

// conn is a connection out of a slot.
type conn struct {
	net.Conn
	lines *bufio.Scanner
}

// dial connects from within the slot. Addresses are numbers, so that net looks
// nothing up, and stays on the thread that it is called on.
func dial(tb testing.TB, s Slot, network, to string) (*conn, error) {
	tb.Helper()
	ns, err := openNamespace(s.Netns)
	if err != nil {
		tb.Fatal(err)
	}
	defer ns.Close()
	var c net.Conn
	err = inside(ns, func() (err error) {
		c, err = net.DialTimeout(network, to, 2*time.Second)
		return err
	})
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return &conn{c, bufio.NewScanner(c)}, nil
}

// echo says whether the connection carries a line there and back.
func (c *conn) echo(line string) error {
	if _, err := fmt.Fprintln(c, line); err != nil {
		return err
	}
	if !c.lines.Scan() {
		return errors.Join(errors.New("no answer"), c.lines.Err())
	}
	if got := c.lines.Text(); got != line {
		return fmt.Errorf("%q came back as %q", line, got)
	}
	return nil
}

// reaches dials and expects the proxy to see the slot's address and the real
// destination.
func reaches(tb testing.TB, s Slot, to string) *conn {
	tb.Helper()
	c, err := dial(tb, s, "tcp", to)
	if err != nil {
		tb.Fatalf("%s does not reach %s: %v", s.ID, to, err)
	}
	tb.Cleanup(func() { c.Close() })
	if !c.lines.Scan() || !strings.HasSuffix(c.lines.Text(), " -> "+to) {
		tb.Fatalf("the proxy sees %q (%v), not a way to %s", c.lines.Text(), c.lines.Err(), to)
	}
	from := netip.MustParseAddrPort(strings.Fields(c.lines.Text())[0]).Addr()
	if from != s.Addr4 && from != s.Addr6 {
		tb.Fatalf("the proxy sees %s as the source, not the slot's", from)
	}
	return c
}

// refuses dials and expects a reset at once.
func refuses(tb testing.TB, s Slot, to string) {
	tb.Helper()
	begin := time.Now()
	c, err := dial(tb, s, "tcp", to)
	if err == nil {
		c.Close()
		tb.Fatalf("%s reaches %s", s.ID, to)
	}
	if took := time.Since(begin); !errors.Is(err, unix.ECONNREFUSED) || took > 500*time.Millisecond {
		tb.Fatalf("%s to %s: %v after %s, not a reset at once", s.ID, to, err, took)
	}
}

// nothingLeft looks for what a router leaves: mounts and files.
func nothingLeft(tb testing.TB, dir string) {
	tb.Helper()
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		tb.Fatal(err)
	}
	if strings.Contains(string(table), dir) {
		tb.Errorf("mounts are left in %s", dir)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		tb.Errorf("the folder %s is left: %v", dir, err)
	}
}

// links names those of this machine, which no router may touch.
func links(tb testing.TB) string {
	tb.Helper()
	all, err := net.Interfaces()
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, l := range all {
		names = append(names, l.Name+"/"+l.Flags.String())
	}
	return strings.Join(names, " ")
}

func kind(tb testing.TB, what string, err error, want glovebox.Kind) {
	tb.Helper()
	if got := glovebox.KindOf(err); got != want {
		tb.Errorf("%s: %v is of kind %q, not %q", what, err, got, want)
	}
}
