package filter_test

import (
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/miekg/dns"

	"glovebox"
	"glovebox/egress/filter"
)

func at(ip string, port int) string { return net.JoinHostPort(ip, strconv.Itoa(port)) }

func TestBytesReachWhatResolved(t *testing.T) {
	w := newWorld(t, nil)
	s := w.server("127.0.2.1")
	w.upstream.set("db.example.com", "127.0.2.1")
	w.rules(domain("db.example.com", s.port(), "tcp"))

	w.isReset(w.dial(at("127.0.2.1", s.port()))) // not resolved yet
	w.refused(glovebox.NetOpen, glovebox.NetNoRule)
	ip := w.resolve("DB.Example.com")
	c := w.dial(at(ip, s.port()))
	if got, err := say(c, "hello"); got != "127.0.2.1 heard hello\n" {
		t.Fatalf("%q, %v", got, err)
	}
	c.Close()
	e := w.event("close", func(e glovebox.NetEvent) bool { return e.Type == glovebox.NetClose })
	if e.Sent != 6 || e.Got != 22 || e.Name != "db.example.com" || e.Rule != "db.example.com:"+strconv.Itoa(s.port()) || !e.Allowed {
		t.Errorf("the close says %+v", e)
	}
	w.isReset(w.dial(at(ip, s.port()+1)))
	w.isReset(w.dial(at("127.0.2.2", s.port())))
	w.isReset(w.dialFrom("127.0.1.2", at(ip, s.port()))) // no slot
	if s.seen() != 1 {
		t.Errorf("the destination saw %d connections", s.seen())
	}
}

func TestSlotsDoNotShare(t *testing.T) {
	w := newWorld(t, nil)
	s := w.server("127.0.2.1")
	w.upstream.set("db.example.com", "127.0.2.1")
	w.rules(domain("db.example.com", s.port(), "tcp"))
	w.open(filter.SlotConfig{ID: "b", Addr4: netip.MustParseAddr("127.0.1.2"), Rules: []glovebox.EgressRule{domain("other.example.com", s.port(), "tcp")}})
	ip := w.resolve("db.example.com")
	w.isReset(w.dialFrom("127.0.1.2", at(ip, s.port())))
	if _, err := say(w.dial(at(ip, s.port())), "hello"); err != nil {
		t.Fatal(err)
	}
}

func TestAddressRule(t *testing.T) {
	w := newWorld(t, nil)
	s := w.server("127.0.2.1")
	w.rules(glovebox.EgressRule{Address: "127.0.2.0/24", Port: s.port(), Protocol: "tcp"})
	if len(w.pinned()) != 1 || w.pinned()[0] != (filter.Pin{Prefix: netip.MustParsePrefix("127.0.2.0/24"), Port: uint16(s.port())}) {
		t.Errorf("pinned: %v", w.pinned())
	}
	if _, err := say(w.dial(at("127.0.2.1", s.port())), "hello"); err != nil {
		t.Fatal(err)
	}
	w.isReset(w.dial(at("127.0.3.1", s.port())))
}

func TestIPv6(t *testing.T) {
	w := newWorld(t, nil)
	s := w.server("::1")
	w.upstream.set("db.example.com", "::1")
	w.open(filter.SlotConfig{Addr6: netip.IPv6Loopback(), Rules: []glovebox.EgressRule{domain("db.example.com", s.port(), "tcp")}})
	w.isReset(w.dialFrom("::1", at("::1", s.port())))
	if a := w.ask("db.example.com", dns.TypeAAAA); len(a.Answer) != 1 {
		t.Fatalf("no address: %v", a)
	}
	if got, err := say(w.dialFrom("::1", at("::1", s.port())), "hello"); got != "::1 heard hello\n" {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestPrivateNeedsItsRule(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream.set("db.example.com", "10.1.2.3")
	w.rules(domain("db.example.com", 5432, "tcp"))
	if a := w.ask("db.example.com", dns.TypeA); len(a.Answer) != 0 || a.Rcode != dns.RcodeNameError {
		t.Fatalf("private address is answered: %v", a)
	}
	w.refused(glovebox.NetDNS, glovebox.NetPrivate)
	w.isReset(w.dial("10.1.2.3:5432"))
	w.refused(glovebox.NetOpen, glovebox.NetPrivate)
	r := domain("db.example.com", 5432, "tcp")
	r.Private = true
	w.change(r)
	if got := w.resolve("db.example.com"); got != "10.1.2.3" {
		t.Fatalf("control: %s", got)
	}
}
