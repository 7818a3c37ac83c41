package link

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// TestUDPIsRefusedAtOnce: a question that nobody may answer ends with an error,
// not with a wait, also the second time: the kernel's own limit on ICMP is off.
func TestUDPIsRefusedAtOnce(t *testing.T) {
	n := start(t, config(t))
	a := n.slot(t, "a")
	for _, to := range []string{"8.8.8.8:53", "[2001:4860:4860::8888]:53", out4, out6} {
		for range 5 {
			c, err := dial(t, a, "udp", to)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			_ = c.SetDeadline(begin.Add(2 * time.Second))
			_, err = c.Write([]byte("question"))
			if err == nil { // or the answer was quicker than the call
				_, err = c.Read(make([]byte, 10))
			}
			if took := time.Since(begin); !errors.Is(err, unix.ECONNREFUSED) || took > 500*time.Millisecond {
				t.Errorf("UDP to %s: %v after %s", to, err, took)
			}
			c.Close()
		}
	}
}

// TestResolver: the control of the above. The resolver is heard by UDP and TCP,
// by IPv4 and IPv6, and knows who asks.
func TestResolver(t *testing.T) {
	n := start(t, config(t))
	for _, s := range []Slot{n.slot(t, "a"), n.slot(t, "b")} {
		for _, at := range []netip.Addr{s.Resolver4, s.Resolver6} {
			to := netip.AddrPortFrom(at, 53).String()
			reaches(t, s, to)
			c, err := dial(t, s, "udp", to)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.echo("question"); err != nil {
				t.Errorf("%s asks %s: %v", s.ID, to, err)
			}
			c.Close()
		}
	}
}

// TestFlood: a slot that floods has all of it counted and little of it told,
// and another slot's refusal is told all the same.
func TestFlood(t *testing.T) {
	n := start(t, config(t))
	a, b := n.slot(t, "a"), n.slot(t, "b")
	w := openWire(t, a)
	const flood = 20_000
	frame := udp(a.Addr4, netip.MustParseAddr("8.8.8.8"), 53, "flood").bytes()
	for i := range flood {
		w.send(t, frame)
		if i%500 == 499 { // not faster than the kernel takes them from the link
			w.send(t, udp(a.Addr4, a.Resolver4, 53, "control").bytes())
			<-n.heard
		}
	}
	refuses(t, b, out4)
	if got := refusals(t, n, "a"); got != flood {
		t.Errorf("%d refusals are counted, not %d", got, flood)
	}
	told := 0
	for x := range n.Refused() {
		if x.Slot == "b" {
			break
		}
		told++
	}
	if told < logBurst || told > flood/100 {
		t.Errorf("%d refusals of %d are told", told, flood)
	}
	// The next one that is told says how many were not.
	time.Sleep(1100 * time.Millisecond)
	refuses(t, a, out4)
	x := <-n.Refused()
	for x.Slot != "a" || x.Proto != "tcp" {
		told++
		x = <-n.Refused()
	}
	if x.Missed+int64(told) < flood*9/10 || x.Missed+int64(told) > flood {
		t.Errorf("%d were told and %d missed of %d", told, x.Missed, flood)
	}
}

func FuzzParseHeader(f *testing.F) {
	v4, v6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")
	f.Add(tcp(v4, v4, 1, 2, syn).bytes())
	f.Add(udp(v6, v6, 2, "x").bytes())
	f.Add(tcp(v4, v4, 1, 2, syn).with(func(p *packet) { p.options = []byte{1, 1, 1, 1}; p.fragment = 1 }).bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := parseHeader(b)
		if ok && (h.proto == "" || !h.source.Addr().IsValid() || h.source.Addr().BitLen() != h.dest.Addr().BitLen()) {
			t.Errorf("%x is read as %+v", b, h)
		}
		if !ok && (h != header{}) {
			t.Errorf("%x is not read and gives %+v", b, h)
		}
	})
}

func FuzzParseRecord(f *testing.F) {
	body, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: packetLink, Data: []byte{0, 0, 0, 7}}, {Type: packetPrefix, Data: []byte("no_rule\x00")}, {Type: packetPayload, Data: []byte{1, 2, 3}},
	})
	if err != nil {
		f.Fatal(err)
	}
	if r, ok := parseRecord(netlink.Message{Header: netlink.Header{Type: logPacket}, Data: append(make([]byte, 4), body...)}); !ok || r.index != 7 || r.prefix != "no_rule" || len(r.payload) != 3 {
		f.Fatalf("a record is read as %+v, %v", r, ok)
	}
	f.Add(append(make([]byte, 4), body...))
	f.Fuzz(func(t *testing.T, b []byte) {
		parseRecord(netlink.Message{Header: netlink.Header{Type: logPacket}, Data: b})
	})
}
