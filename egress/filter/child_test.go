package filter_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"glovebox"
	"glovebox/egress/filter"
)

// childPort is set for the process that is only a filter: the port that all
// connections were meant for.
const childPort = "FILTER_TEST_PORT"

func TestMain(m *testing.M) {
	if p := os.Getenv(childPort); p != "" {
		os.Exit(child(p))
	}
	goleak.VerifyTestMain(m)
}

// child is a filter process with one core, whose destinations are the address
// that was connected to, on one port.
func child(p string) int {
	n, err := strconv.Atoi(p)
	if err != nil {
		return 2
	}
	c := filter.Config{Upstream: &names{addrs: map[string][]string{"api.example.com": {"127.0.2.1"}}, ttl: time.Minute}}
	unbounded(&c, nil)
	filter.Loopback(&c, &filter.Callbacks{}, func(c *net.TCPConn) netip.AddrPort {
		return netip.AddrPortFrom(c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap(), uint16(n))
	})
	if err := filter.Main(context.Background(), filter.Inherited{Control: 3, TCP: []int{4}, DNS: []int{5}}, c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// process is a filter of its own, and a slot in it.
type process struct {
	client *filter.Client
	cmd    *exec.Cmd
	at     string // where to connect
}

func startProcess(b testing.TB, port int, rules []glovebox.EgressRule) *process {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(err)
	l, err := net.Listen("tcp4", "127.0.2.1:0")
	must(err)
	lf, err := l.(*net.TCPListener).File()
	must(err)
	theirs := os.NewFile(uintptr(pair[1]), "theirs")
	u, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(err)
	uf, err := u.(*net.UDPConn).File()
	must(err)
	p := &process{at: l.Addr().String(), cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), childPort+"="+strconv.Itoa(port), "GOMAXPROCS=1")
	p.cmd.ExtraFiles, p.cmd.Stderr = []*os.File{theirs, lf, uf}, os.Stderr
	must(p.cmd.Start())
	theirs.Close()
	for _, c := range []io.Closer{lf, l, uf, u} {
		c.Close()
	}
	conn, err := filter.Conn(os.NewFile(uintptr(pair[0]), "ours"))
	must(err)
	p.client = filter.NewClient(conn, filter.LoopbackCallbacks(filter.Callbacks{
		Pin:    func(context.Context, string, []filter.Pin) error { return nil },
		Unpin:  func(context.Context, string, []filter.Pin) error { return nil },
		Events: func(string, []glovebox.NetEvent) {},
	}))
	_, err = p.client.Open(b.Context(), filter.SlotConfig{ID: "a", Addr4: netip.MustParseAddr("127.0.0.1"), Rules: rules})
	must(err)
	q := new(dns.Msg)
	q.SetQuestion("api.example.com.", dns.TypeA)
	_, err = dns.Exchange(q, u.LocalAddr().String())
	must(err)
	b.Cleanup(func() {
		p.client.Close()
		if err := p.cmd.Wait(); err != nil {
			b.Errorf("the filter's process ends with: %v", err)
		}
	})
	return p
}

// cpu is how long the process ran so far, in user space and kernel.
func (p *process) cpu(b testing.TB) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// connect makes one connection through the process by its server name, with one
// answer.
func (p *process) connect(b testing.TB, hello string) {
	c, err := net.Dial("tcp", p.at)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, hello)
	if _, err := c.Read(make([]byte, 16)); err != nil {
		b.Fatal(err)
	}
}

// destination answers whatever it is told with one byte, and one byte with very
// many. It returns its port.
func destination(b testing.TB) int {
	b.Helper()
	l, err := net.Listen("tcp4", "127.0.2.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 64<<10)
				if n, _ := c.Read(b); n == 1 { // asks for bytes
					for {
						if _, err := c.Write(b); err != nil {
							return
						}
					}
				}
				c.Write([]byte("x"))
			}()
		}
	}()
	b.Cleanup(func() { l.Close(); <-done })
	return l.Addr().(*net.TCPAddr).Port
}

// BenchmarkProcess is new connections by server name, and bytes, through a
// filter that is a process of its own on one core. What counts is its own
// processor time, which other work on the machine does not lengthen much.
func BenchmarkProcess(b *testing.B) {
	first, port := string(hello(&tls.Config{ServerName: "api.example.com"})), destination(b)
	for _, rules := range []int{1, 500} {
		b.Run(fmt.Sprintf("connections/rules=%d", rules), func(b *testing.B) {
			p := startProcess(b, port, append(filler(rules-1), domain("api.example.com", port, "tls")))
			before := p.cpu(b)
			for b.Loop() {
				p.connect(b, first)
			}
			spent := p.cpu(b) - before
			b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "filter-µs/conn")
			b.ReportMetric(float64(b.N)/spent.Seconds(), "conns/s-core")
		})
	}
	b.Run("bytes", func(b *testing.B) {
		p := startProcess(b, port, []glovebox.EgressRule{domain("api.example.com", port, "tcp")})
		c, err := net.Dial("tcp", p.at)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "b")
		before := p.cpu(b)
		b.SetBytes(1 << 20)
		for b.Loop() {
			if _, err := io.CopyN(io.Discard, c, 1<<20); err != nil {
				b.Fatal(err)
			}
		}
		spent := p.cpu(b) - before
		b.ReportMetric(float64(b.N)*8*1.048576/spent.Seconds(), "Mbit/s-core")
	})
}

// TestRulesRatio: a connection under 500 rules costs the filter at most 1.2 times
// what it costs under one. Two processes take turns, so that the machine is as
// busy for one as for the other, and what is compared is their own processor
// time.
func TestRulesRatio(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	const (
		bound  = 1.2
		rounds = 10
		each   = 150 // connections
	)
	first, port := string(hello(&tls.Config{ServerName: "api.example.com"})), destination(t)
	under := map[int]*process{}
	for _, rules := range []int{1, 500} {
		under[rules] = startProcess(t, port, append(filler(rules-1), domain("api.example.com", port, "tls")))
	}
	before := map[int]time.Duration{1: under[1].cpu(t), 500: under[500].cpu(t)}
	for range rounds {
		for _, rules := range []int{1, 500} {
			for range each {
				under[rules].connect(t, first)
			}
		}
	}
	one, many := under[1].cpu(t)-before[1], under[500].cpu(t)-before[500]
	ratio := float64(many) / float64(one)
	t.Logf("one rule %v, 500 rules %v for %d connections: %.2f", one, many, rounds*each, ratio)
	if ratio > bound {
		t.Errorf("500 rules cost %.2f times what one does, more than %.1f", ratio, bound)
	}
}
