package filter_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"glovebox"
	"glovebox/egress/filter"
)

const wait = 5 * time.Second

// names is an upstream that says what a test says, and counts the questions.
type names struct {
	mu    sync.Mutex
	addrs map[string][]string
	asked []string
	ttl   time.Duration
	err   error
}

func (n *names) Lookup(_ context.Context, name string) ([]netip.Addr, time.Duration, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, name)
	var all []netip.Addr
	for _, a := range n.addrs[name] {
		all = append(all, netip.MustParseAddr(a))
	}
	return all, n.ttl, n.err
}

func (n *names) set(name string, addrs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addrs[name] = addrs
}

func (n *names) questions() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.asked)
}

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is a filter with its agent, and an internet on loopback.
type world struct {
	t        testing.TB
	client   *filter.Client
	upstream *names
	clock    *clock
	udp, tcp string // of the resolver
	proxy    [2]net.Listener

	mu      sync.Mutex
	changed *sync.Cond
	to      map[netip.AddrPort]netip.AddrPort // original destinations, by source
	events  map[string][]glovebox.NetEvent
	pins    map[string][]filter.Pin
	unpins  map[string][]filter.Pin
	pinErr  error
	served  chan error
}

// newWorld starts a filter. adjust may be nil.
func newWorld(t testing.TB, adjust func(*filter.Config, *filter.Callbacks)) *world {
	t.Helper()
	w := &world{
		t: t, upstream: &names{addrs: map[string][]string{}, ttl: 30 * time.Second}, clock: &clock{at: time.Now()},
		to: map[netip.AddrPort]netip.AddrPort{}, events: map[string][]glovebox.NetEvent{},
		pins: map[string][]filter.Pin{}, unpins: map[string][]filter.Pin{}, served: make(chan error, 1),
	}
	w.changed = sync.NewCond(&w.mu)
	ours, theirs := net.Pipe()
	cfg := filter.Config{Control: theirs, Upstream: w.upstream, Now: w.clock.now}
	p, err := net.ListenPacket("udp4", "127.0.0.1:0")
	w.must(err)
	w.udp = p.LocalAddr().String()
	l := w.listen("127.0.0.1:0")
	w.tcp = l.Addr().String()
	w.proxy = [2]net.Listener{w.listen("127.0.0.1:0"), w.listen("[::1]:0")}
	cfg.DNS, cfg.DNSTCP, cfg.TCP = []net.PacketConn{p}, []net.Listener{l}, w.proxy[:]
	cb := filter.Callbacks{Pin: w.pin, Unpin: w.unpin, Events: w.tell}
	filter.Loopback(&cfg, &cb, w.original)
	if adjust != nil {
		adjust(&cfg, &cb)
	}
	w.client = filter.NewClient(ours, cb)
	go func() { w.served <- filter.Serve(context.Background(), cfg) }()
	t.Cleanup(func() {
		w.client.Close()
		select {
		case err := <-w.served:
			if err != nil {
				t.Errorf("the filter ends with: %v", err)
			}
		case <-time.After(wait):
			t.Error("the filter does not end with its channel")
		}
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) listen(at string) net.Listener {
	w.t.Helper()
	l, err := net.Listen("tcp", at)
	w.must(err)
	return l
}

func (w *world) pin(_ context.Context, slot string, pins []filter.Pin) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pins[slot] = append(w.pins[slot], pins...)
	return w.pinErr
}

// pinned is what was pinned for slot "a".
func (w *world) pinned() []filter.Pin {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.pins["a"])
}

func (w *world) unpinned() []filter.Pin {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.unpins["a"])
}

func (w *world) failPins(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pinErr = err
}

func (w *world) unpin(_ context.Context, slot string, pins []filter.Pin) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unpins[slot] = append(w.unpins[slot], pins...)
	return nil
}

func (w *world) tell(slot string, events []glovebox.NetEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events[slot] = append(w.events[slot], events...)
	w.changed.Broadcast()
}

// original waits until the test has said where a connection goes to.
func (w *world) original(c *net.TCPConn) netip.AddrPort {
	w.mu.Lock()
	defer w.mu.Unlock()
	src := c.RemoteAddr().(*net.TCPAddr).AddrPort()
	for !w.to[src].IsValid() {
		w.changed.Wait()
	}
	return w.to[src]
}

// open opens a slot with the source 127.0.1.1 (and ::1), and returns its root.
func (w *world) open(c filter.SlotConfig) []byte {
	w.t.Helper()
	if c.ID == "" {
		c.ID = "a"
	}
	if !c.Addr4.IsValid() {
		c.Addr4 = netip.MustParseAddr("127.0.1.1")
	}
	ca, err := w.client.Open(w.t.Context(), c)
	w.must(err)
	return ca
}

func (w *world) rules(rules ...glovebox.EgressRule) []byte {
	w.t.Helper()
	return w.open(filter.SlotConfig{Rules: rules})
}

// change puts other rules in place of those of slot "a".
func (w *world) change(rules ...glovebox.EgressRule) {
	w.t.Helper()
	w.must(w.client.Change(w.t.Context(), filter.SlotConfig{ID: "a", Rules: rules}))
}

// exchange asks the resolver from a source.
func (w *world) exchange(src string, q *dns.Msg, network string) (*dns.Msg, error) {
	c := dns.Client{Net: network, Timeout: 2 * time.Second, Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(src)}}}
	at := w.udp
	if network == "tcp" {
		c.Dialer.LocalAddr, at = &net.TCPAddr{IP: net.ParseIP(src)}, w.tcp
	}
	a, _, err := c.Exchange(q, at)
	return a, err
}

func (w *world) ask(name string, kind uint16) *dns.Msg {
	w.t.Helper()
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	a, err := w.exchange("127.0.1.1", q, "udp")
	w.must(err)
	return a
}

// resolve asks for the address of a name and expects it to be there.
func (w *world) resolve(name string) string {
	w.t.Helper()
	a := w.ask(name, dns.TypeA)
	if len(a.Answer) == 0 {
		w.t.Fatalf("%s has no address: %s", name, dns.RcodeToString[a.Rcode])
	}
	return a.Answer[0].(*dns.A).A.String()
}

// dial connects as a process in slot "a" would.
func (w *world) dial(dst string) net.Conn { return w.dialFrom("127.0.1.1", dst) }

func (w *world) dialFrom(src, dst string) net.Conn {
	w.t.Helper()
	to, err := net.ResolveTCPAddr("tcp", dst)
	w.must(err)
	l := w.proxy[0]
	if strings.Contains(src, ":") {
		l = w.proxy[1]
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(src)}, Timeout: wait}
	c, err := d.Dial("tcp", l.Addr().String())
	if errors.Is(err, syscall.ECONNRESET) { // refused before we could look
		c, _ := net.Pipe()
		c.Close()
		return c
	}
	w.must(err)
	w.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(wait))
	w.mu.Lock()
	dest := to.AddrPort()
	w.to[c.LocalAddr().(*net.TCPAddr).AddrPort()] = netip.AddrPortFrom(dest.Addr().Unmap(), dest.Port())
	w.changed.Broadcast()
	w.mu.Unlock()
	return c
}

// event waits for an event of slot "a" that fits.
func (w *world) event(what string, fits func(glovebox.NetEvent) bool) glovebox.NetEvent {
	w.t.Helper()
	deadline := time.AfterFunc(wait, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changed.Broadcast()
	})
	defer deadline.Stop()
	end := time.Now().Add(wait)
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if i := slices.IndexFunc(w.events["a"], fits); i >= 0 {
			return w.events["a"][i]
		}
		if !time.Now().Before(end) {
			w.t.Fatalf("no event %s, but %+v", what, w.events["a"])
		}
		w.changed.Wait()
	}
}

func (w *world) refused(kind, reason string) glovebox.NetEvent {
	w.t.Helper()
	return w.event("refused "+kind+" "+reason, func(e glovebox.NetEvent) bool {
		return e.Type == kind && !e.Allowed && e.Reason == reason
	})
}

// isReset expects that nothing comes from c but its end.
func (w *world) isReset(c net.Conn) {
	w.t.Helper()
	c.SetDeadline(time.Now().Add(wait))
	b, err := io.ReadAll(c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		w.t.Fatal("the connection is still open")
	}
	if len(b) > 0 {
		w.t.Fatalf("the destination answers: %q", b)
	}
}

// server answers a line with "IP heard LINE", on an address of its own.
type server struct {
	net.Listener
	mu    sync.Mutex
	conns int
}

func (w *world) server(ip string) *server {
	s := &server{Listener: w.listen(net.JoinHostPort(ip, "0"))}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					fmt.Fprintf(c, "%s heard %s", ip, line)
				}
			})
		}
	})
	w.t.Cleanup(func() { s.Close(); wg.Wait() })
	return s
}

func (s *server) port() int { return s.Addr().(*net.TCPAddr).Port }

func (s *server) seen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// say sends a line and returns the answer.
func say(c net.Conn, line string) (string, error) {
	if _, err := fmt.Fprintf(c, "%s\n", line); err != nil {
		return "", err
	}
	return bufio.NewReader(c).ReadString('\n')
}

func domain(name string, port int, proto string) glovebox.EgressRule {
	return glovebox.EgressRule{Domain: name, Port: port, Protocol: proto}
}
