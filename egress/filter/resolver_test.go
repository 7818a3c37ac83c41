package filter_test

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"glovebox"
	"glovebox/egress/filter"
)

// TestNoTunnel: what a job could write into questions reaches nobody.
func TestNoTunnel(t *testing.T) {
	w := newWorld(t, func(c *filter.Config, _ *filter.Callbacks) { c.Limits.DNSRate = 1000 })
	w.upstream.set("api.example.com", "127.0.2.1")
	w.upstream.set("one.wild.example.com", "127.0.2.1")
	w.rules(domain("api.example.com", 443, "tls"), domain("*.wild.example.com", 443, "tls"))

	long := strings.Repeat("a", 63)
	for _, n := range []string{
		"evil.example.com", "data.api.example.com", "example.com", "com", ".", "api.example.com.evil.com", "two.one.wild.example.com",
		"wild.example.com", long + ".api.example.com", long + "." + long + "." + long + ".api.example.com",
		strings.Repeat("a.", 120) + "com", "1.0.0.127.in-addr.arpa", "api\\.example.com", "api.example.com\\000", "169.254.169.254", "localhost",
		"x.api.example.com", "\\255\\001.wild.example.com", "a\\.b.wild.example.com",
	} {
		for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeNULL, dns.TypeANY, dns.TypeCNAME} {
			if a := w.ask(n, kind); a.Rcode != dns.RcodeNameError || len(a.Answer)+len(a.Ns) > 0 {
				t.Errorf("%s %s is answered: %v", n, dns.TypeToString[kind], a)
			}
		}
	}
	for _, kind := range []uint16{
		dns.TypeTXT, dns.TypeNULL, dns.TypeANY, dns.TypeCNAME, dns.TypeMX, dns.TypeNS, dns.TypeSOA, dns.TypeSRV, dns.TypeHTTPS,
		dns.TypeSVCB, dns.TypePTR, dns.TypeAXFR, dns.TypeIXFR, dns.TypeDNSKEY, dns.TypeRRSIG, 65280, 0,
	} {
		if a := w.ask("api.example.com", kind); a.Rcode != dns.RcodeSuccess || len(a.Answer)+len(a.Ns) > 0 {
			t.Errorf("type %d is answered: %v", kind, a)
		}
	}
	if n := w.upstream.questions(); n != 0 {
		t.Errorf("%d questions went upstream: %q", n, w.upstream.asked)
	}
	w.refused(glovebox.NetDNS, glovebox.NetNoRule)
	w.refused(glovebox.NetDNS, glovebox.NetProtocol)
	w.resolve("api.example.com")
	w.resolve("one.wild.example.com")
	if n := w.upstream.questions(); n != 2 {
		t.Errorf("control: %d questions went upstream", n)
	}
}

func TestAnswers(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream.ttl = time.Hour
	w.upstream.set("api.example.com", "127.0.2.1", "127.0.2.2", "::1")
	w.open(filter.SlotConfig{Rules: []glovebox.EgressRule{domain("api.example.com", 443, "tls"), domain("api.example.com", 80, "http")}})

	a := w.ask("aPi.Example.COM", dns.TypeA)
	if len(a.Answer) != 2 || a.Answer[0].Header().Name != "aPi.Example.COM." || a.Answer[0].Header().Ttl != 60 || !a.RecursionAvailable {
		t.Errorf("answer: %v", a)
	}
	if len(w.pinned()) != 4 || w.pinned()[0].TTL != 3*time.Minute {
		t.Errorf("pinned before the answer: %v", w.pinned())
	}
	if a := w.ask("api.example.com", dns.TypeAAAA); len(a.Answer) != 0 || a.Rcode != dns.RcodeSuccess {
		t.Errorf("a slot without IPv6 gets %v", a)
	}
	w.ask("api.example.com", dns.TypeA)
	if n := w.upstream.questions(); n != 1 || len(w.pinned()) != 4 {
		t.Errorf("asked again: %d questions, %d pins", n, len(w.pinned()))
	}
	w.clock.move(70 * time.Second)
	w.ask("api.example.com", dns.TypeA)
	if n := w.upstream.questions(); n != 2 || len(w.pinned()) != 8 {
		t.Errorf("asked after a minute: %d questions, %d pins", n, len(w.pinned()))
	}
	q := new(dns.Msg)
	q.SetQuestion("api.example.com.", dns.TypeA)
	if a, err := w.exchange("127.0.1.1", q, "tcp"); err != nil || len(a.Answer) != 2 {
		t.Errorf("over TCP: %v %v", a, err)
	}
	if _, err := w.exchange("127.0.1.9", q, "udp"); err == nil {
		t.Error("who has no slot gets an answer")
	}
	if _, err := w.exchange("127.0.1.9", q, "tcp"); err == nil {
		t.Error("who has no slot gets an answer over TCP")
	}
	if a := w.ask("api.example.com", dns.TypeA); len(a.Answer) != 2 {
		t.Error("control: nobody gets an answer any more")
	}
}

func TestOddQuestions(t *testing.T) {
	w := newWorld(t, nil)
	var many []string
	for i := range 40 {
		many = append(many, netip.AddrFrom4([4]byte{127, 0, 3, byte(i)}).String())
	}
	w.upstream.set("api.example.com", many...)
	w.rules(domain("api.example.com", 443, "tls"))
	question := func(f func(*dns.Msg)) *dns.Msg {
		q := new(dns.Msg)
		q.SetQuestion("api.example.com.", dns.TypeA)
		f(q)
		a, err := w.exchange("127.0.1.1", q, "udp")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := question(func(q *dns.Msg) { q.SetEdns0(4096, true) }); len(a.Answer) != 16 || a.IsEdns0() == nil || a.IsEdns0().UDPSize() != 1232 {
		t.Errorf("EDNS: %v", a)
	}
	if a := question(func(q *dns.Msg) { q.SetEdns0(4096, false); q.IsEdns0().SetVersion(1) }); a.Rcode != dns.RcodeBadVers || len(a.Answer) > 0 {
		t.Errorf("EDNS 1: %v", a)
	}
	if a := question(func(q *dns.Msg) {
		q.SetEdns0(512, false)
		q.IsEdns0().Option = append(q.IsEdns0().Option, &dns.EDNS0_LOCAL{Code: 65001, Data: []byte("tunnel")})
	}); len(a.IsEdns0().Option) != 0 {
		t.Errorf("options are sent back: %v", a)
	}
	for want, f := range map[int]func(*dns.Msg){
		dns.RcodeRefused:        func(q *dns.Msg) { q.Question[0].Qclass = dns.ClassCHAOS },
		dns.RcodeNotImplemented: func(q *dns.Msg) { q.Opcode = dns.OpcodeUpdate },
		dns.RcodeFormatError:    func(q *dns.Msg) { q.Question = append(q.Question, q.Question[0]) },
	} {
		if a := question(f); a.Rcode != want || len(a.Answer) > 0 {
			t.Errorf("not %s: %v", dns.RcodeToString[want], a)
		}
	}
	// What is no message gets no answer that matters, and harms nobody.
	c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP("127.0.1.1")}, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(w.udp)))
	w.must(err)
	defer c.Close()
	for _, b := range []string{"", "x", strings.Repeat("\x00", 12), strings.Repeat("\xff", 600), "\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"} {
		c.Write([]byte(b))
	}
	if a := question(func(*dns.Msg) {}); len(a.Answer) != 16 {
		t.Errorf("control: %v", a)
	}
	w.upstream.set("fails.example.com")
	w.upstream.err = errors.New("no resolver")
	w.change(domain("fails.example.com", 443, "tls"))
	if a := w.ask("fails.example.com", dns.TypeA); a.Rcode != dns.RcodeServerFailure {
		t.Errorf("nobody knows: %v", a)
	}
}

// TestRebinding: a name that turns to an address which is never reachable keeps
// what it had for its time, and gains nothing.
func TestRebinding(t *testing.T) {
	w := newWorld(t, nil)
	one, two := w.server("127.0.2.1"), w.server("127.0.2.2")
	w.upstream.set("api.example.com", "127.0.2.1")
	w.rules(domain("api.example.com", one.port(), "tcp"), domain("api.example.com", two.port(), "tcp"), domain("api.example.com", 80, "tcp"))
	say1 := func() error { _, err := say(w.dial(at("127.0.2.1", one.port())), "x"); return err }
	w.resolve("api.example.com")
	w.must(say1())

	for _, bad := range []string{"169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "0.0.0.0", "fd00:ec2::254"} {
		w.clock.move(time.Minute)
		w.upstream.set("api.example.com", bad)
		for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
			if a := w.ask("api.example.com", kind); len(a.Answer) != 0 {
				t.Errorf("%s is answered", bad)
			}
		}
		if a, err := netip.ParseAddr(bad); err == nil {
			w.isReset(w.dial(netip.AddrPortFrom(a, 80).String()))
		}
	}
	w.refused(glovebox.NetDNS, glovebox.NetForbidden)
	w.refused(glovebox.NetOpen, glovebox.NetForbidden)
	for _, p := range w.pinned() {
		if !p.Prefix.Contains(netip.MustParseAddr("127.0.2.1")) {
			t.Errorf("pinned: %v", p)
		}
	}
	w.isReset(w.dial(at("127.0.2.1", one.port()))) // its time is over by now

	w.clock.move(time.Minute)
	w.upstream.set("api.example.com", "127.0.2.1", "169.254.169.254")
	if a := w.ask("api.example.com", dns.TypeA); len(a.Answer) != 1 {
		t.Errorf("the good one of two: %v", a)
	}
	w.must(say1())
	w.clock.move(time.Minute)
	w.upstream.set("api.example.com", "127.0.2.2")
	if got := w.resolve("api.example.com"); got != "127.0.2.2" {
		t.Fatal(got)
	}
	if _, err := say(w.dial(at("127.0.2.2", two.port())), "x"); err != nil {
		t.Error("control: what it resolves to now:", err)
	}
	w.must(say1()) // and what it resolved to a minute ago
	w.clock.move(10 * time.Minute)
	w.isReset(w.dial(at("127.0.2.1", one.port())))
}

func TestQuestionsAreLimited(t *testing.T) {
	w := newWorld(t, func(c *filter.Config, _ *filter.Callbacks) { c.Limits.DNSRate = 10 })
	w.upstream.set("api.example.com", "127.0.2.1")
	w.rules(domain("api.example.com", 443, "tls"))
	refused := 0
	for range 60 {
		if w.ask("api.example.com", dns.TypeA).Rcode == dns.RcodeRefused {
			refused++
		}
	}
	if refused < 20 {
		t.Errorf("%d of 60 questions refused", refused)
	}
	w.refused(glovebox.NetDNS, glovebox.NetLimit)
	w.open(filter.SlotConfig{ID: "b", Addr4: netip.MustParseAddr("127.0.1.2"), Rules: []glovebox.EgressRule{domain("api.example.com", 443, "tls")}})
	q := new(dns.Msg)
	q.SetQuestion("api.example.com.", dns.TypeA)
	if a, err := w.exchange("127.0.1.2", q, "udp"); err != nil || len(a.Answer) != 1 {
		t.Errorf("another slot: %v %v", a, err)
	}
}

func TestPinsAreLimited(t *testing.T) {
	w := newWorld(t, func(c *filter.Config, _ *filter.Callbacks) { c.Limits.Pins = 3 })
	w.rules(domain("*.example.com", 443, "tls"))
	for i, want := range []int{1, 1, 1, 0, 0} {
		name := string(rune('a'+i)) + ".example.com"
		w.upstream.set(name, "127.0.2.1")
		if a := w.ask(name, dns.TypeA); len(a.Answer) != want {
			t.Errorf("%s: %v", name, a)
		}
	}
	w.refused(glovebox.NetDNS, glovebox.NetLimit)
	w.clock.move(time.Hour)
	w.resolve("e.example.com")
}

// TestNoPinNoAnswer: while the agent cannot pin, the job is not told an address
// that would not work.
func TestNoPinNoAnswer(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream.set("api.example.com", "127.0.2.1")
	w.rules(domain("api.example.com", 443, "tls"))
	w.failPins(errors.New("no"))
	if a := w.ask("api.example.com", dns.TypeA); a.Rcode != dns.RcodeServerFailure {
		t.Errorf("answered: %v", a)
	}
	w.failPins(nil)
	w.resolve("api.example.com")
}

func TestUpstreamServers(t *testing.T) {
	p, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", p.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]string{
		"api.example.com.": "api.example.com. 300 IN CNAME www.example.net.\nwww.example.net. 20 IN A 192.0.2.1\nevil.example.net. 1 IN A 192.0.2.9",
		"big.example.com.": "big.example.com. 300 IN A 192.0.2.2",
	}
	h := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg)
		a.SetReply(q)
		_, udp := w.RemoteAddr().(*net.UDPAddr)
		switch name := q.Question[0].Name; {
		case name == "big.example.com." && udp:
			a.Truncated = true
		case name == "other.example.com.":
			a.Question[0].Name = "evil.example.com."
		case records[name] == "":
			a.Rcode = dns.RcodeNameError
		case q.Question[0].Qtype == dns.TypeA:
			for line := range strings.Lines(records[name]) {
				rr, err := dns.NewRR(line)
				if err != nil {
					t.Error(err)
				}
				a.Answer = append(a.Answer, rr)
			}
		}
		w.WriteMsg(a)
	})
	for _, s := range []*dns.Server{{PacketConn: p, Handler: h}, {Listener: l, Handler: h}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		done := make(chan error)
		go func() { done <- s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { s.Shutdown(); <-done })
	}
	up := filter.NewServers("127.0.0.1:1", p.LocalAddr().String())
	for name, want := range map[string]string{"api.example.com": "192.0.2.1", "big.example.com": "192.0.2.2", "none.example.com": "", "other.example.com": "error"} {
		addrs, ttl, err := up.Lookup(t.Context(), name)
		switch {
		case want == "error":
			if err == nil {
				t.Errorf("%s: an answer to another question is taken: %v", name, addrs)
			}
		case err != nil, want == "" && len(addrs) > 0, want != "" && (len(addrs) != 1 || addrs[0].String() != want):
			t.Errorf("%s: %v %v", name, addrs, err)
		case name == "api.example.com" && ttl != 20*time.Second:
			t.Errorf("%s holds for %s", name, ttl)
		}
	}
}
