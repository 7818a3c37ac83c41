package filter_test

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"glovebox"
	"glovebox/egress/filter"
)

func TestConnectionsAreLimited(t *testing.T) {
	w := newWorld(t, func(c *filter.Config, _ *filter.Callbacks) { c.Limits.Conns = 2 })
	s := w.server("127.0.2.1")
	w.upstream.set("db.example.com", "127.0.2.1")
	rule := domain("db.example.com", s.port(), "tcp")
	w.rules(rule)
	dst := at(w.resolve("db.example.com"), s.port())
	var held []net.Conn
	for range 2 {
		c := w.dial(dst)
		if _, err := say(c, "x"); err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	w.isReset(w.dial(dst))
	w.refused(glovebox.NetOpen, glovebox.NetLimit)
	w.open(filter.SlotConfig{ID: "b", Addr4: netip.MustParseAddr("127.0.1.2"), Rules: []glovebox.EgressRule{{Address: "127.0.2.1", Port: s.port(), Protocol: "tcp"}}})
	if _, err := say(w.dialFrom("127.0.1.2", dst), "x"); err != nil {
		t.Errorf("another slot: %v", err)
	}
	held[0].Close()
	w.event("close", func(e glovebox.NetEvent) bool { return e.Type == glovebox.NetClose })
	if _, err := say(w.dial(dst), "x"); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
}

func TestConnectionRateIsLimited(t *testing.T) {
	w := newWorld(t, func(c *filter.Config, _ *filter.Callbacks) { c.Limits.ConnRate = 5 })
	s := w.server("127.0.2.1")
	w.rules(glovebox.EgressRule{Address: "127.0.2.1", Port: s.port(), Protocol: "tcp"})
	through := 0
	for range 20 {
		if _, err := say(w.dial(at("127.0.2.1", s.port())), "x"); err == nil {
			through++
		}
	}
	if through < 5 || through > 10 {
		t.Errorf("%d of 20 connections at once", through)
	}
}

// TestEventsAreBounded: a flood is counted, not kept.
func TestEventsAreBounded(t *testing.T) {
	w := newWorld(t, func(c *filter.Config, _ *filter.Callbacks) { c.Limits.EventRate = 10; c.Limits.DNSRate = 1000 })
	w.rules(domain("api.example.com", 443, "tls"))
	const questions = 300
	for range questions {
		w.ask("evil.example.com", 1)
	}
	w.must(w.client.CloseSlot(t.Context(), "a"))
	w.mu.Lock()
	defer w.mu.Unlock()
	kept, missed := 0, int64(0)
	for _, e := range w.events["a"] {
		if missed += e.Missed; e.Type == glovebox.NetDNS {
			kept++
		}
	}
	if kept < 40 || kept > 100 || kept+int(missed) != questions {
		t.Errorf("%d events kept and %d missed, of %d", kept, missed, questions)
	}
}

func TestSilentConnectionsEnd(t *testing.T) {
	w := newWorld(t, func(c *filter.Config, _ *filter.Callbacks) {
		c.Limits.Hello, c.Limits.Idle, c.Limits.HalfOpen = 200*time.Millisecond, 300*time.Millisecond, 200*time.Millisecond
	})
	s, tls := w.server("127.0.2.1"), w.server("127.0.2.1")
	w.rules(glovebox.EgressRule{Address: "127.0.2.1", Port: s.port(), Protocol: "tcp"}, glovebox.EgressRule{Address: "127.0.2.1", Port: tls.port(), Protocol: "tls"})
	w.isReset(w.dial(at("127.0.2.1", tls.port()))) // no hello
	c := w.dial(at("127.0.2.1", s.port()))
	for range 5 { // busy for longer than it may be idle
		if _, err := say(c, "x"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	start := time.Now()
	w.isReset(c)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("an idle connection was open for %s", took)
	}
	half := w.endlessSilence("127.0.2.3")
	w.change(glovebox.EgressRule{Address: "127.0.2.3", Port: half, Protocol: "tcp"})
	c = w.dial(at("127.0.2.3", half))
	c.(*net.TCPConn).CloseWrite()
	w.isReset(c)
}

// endlessSilence accepts and says nothing, even at the other side's end.
func (w *world) endlessSilence(ip string) int {
	l := w.listen(net.JoinHostPort(ip, "0"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				for _, c := range all {
					c.Close()
				}
				return
			}
			all = append(all, c)
		}
	}()
	w.t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().(*net.TCPAddr).Port
}

// TestHalvesEndApart: one side can end its half and still hear the other.
func TestHalvesEndApart(t *testing.T) {
	w := newWorld(t, nil)
	l := w.listen("127.0.2.1:0")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b, _ := io.ReadAll(c)
			c.Write(append(b, " and out"...))
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close() })
	for _, bytes := range []int64{0, 1 << 20} {
		r := glovebox.EgressRule{Address: "127.0.2.1", Port: l.Addr().(*net.TCPAddr).Port, Protocol: "tcp", Bytes: bytes}
		if bytes == 0 {
			w.rules(r)
		} else {
			w.change(r)
		}
		c := w.dial(l.Addr().String())
		io.WriteString(c, "over")
		c.(*net.TCPConn).CloseWrite()
		if b, err := io.ReadAll(c); string(b) != "over and out" {
			t.Errorf("with a budget of %d: %q %v", bytes, b, err)
		}
	}
}
