package filter_test

import (
	"io"
	"net"
	"testing"
	"time"

	"glovebox"
)

// endless sends bytes on every connection until it is cut.
func (w *world) endless(ip string) net.Listener {
	l := w.listen(net.JoinHostPort(ip, "0"))
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
				for b := make([]byte, 16<<10); ; {
					if _, err := c.Write(b); err != nil {
						return
					}
				}
			}()
		}
	}()
	w.t.Cleanup(func() { l.Close(); <-done })
	return l
}

// drain reads until the end and returns how long that took, and how much came.
func drain(c net.Conn) (time.Duration, int64, error) {
	start := time.Now()
	n, err := io.Copy(io.Discard, c)
	return time.Since(start), n, err
}

func TestNarrowingCutsAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	l := w.endless("127.0.2.1")
	kept := w.endless("127.0.2.2")
	p, q := l.Addr().(*net.TCPAddr).Port, kept.Addr().(*net.TCPAddr).Port
	w.upstream.set("gone.example.com", "127.0.2.1")
	w.upstream.set("kept.example.com", "127.0.2.2")
	stays := domain("kept.example.com", q, "tcp")
	w.rules(domain("gone.example.com", p, "tcp"), stays)
	c := w.dial(at(w.resolve("gone.example.com"), p))
	other := w.dial(at(w.resolve("kept.example.com"), q))
	if _, err := io.CopyN(io.Discard, c, 1<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, other, 1<<20); err != nil {
		t.Fatal(err)
	}
	ended := make(chan time.Time, 1)
	go func() { drain(c); ended <- time.Now() }()
	start := time.Now()
	w.change(stays)
	if took := (<-ended).Sub(start); took > 100*time.Millisecond {
		t.Errorf("the stream went on for %s", took)
	}
	e := w.event("close", func(e glovebox.NetEvent) bool { return e.Type == glovebox.NetClose })
	if e.Reason != glovebox.NetNarrowed || e.Got < 1<<20 || e.Name != "gone.example.com" {
		t.Errorf("the close says %+v", e)
	}
	if _, err := io.CopyN(io.Discard, other, 1<<20); err != nil {
		t.Errorf("control: the stream that the rules still let through: %v", err)
	}
	other.Close()
	w.isReset(w.dial(at("127.0.2.1", p)))
	if len(w.unpinned()) != 1 || int(w.unpinned()[0].Port) != p {
		t.Errorf("pins taken back: %v", w.unpinned())
	}
	if a := w.ask("gone.example.com", 1); len(a.Answer) != 0 {
		t.Error("the name is still answered")
	}
}

func TestNarrowingByMethodAndPath(t *testing.T) {
	w := newWorld(t, nil)
	s := w.site(nil, "127.0.2.1")
	w.upstream.set("api.example.com", "127.0.2.1")
	r := domain("api.example.com", s.port(), "http")
	w.rules(r)
	dst := at(w.resolve("api.example.com"), s.port())
	idle, busy, fine := w.dial(dst), w.dial(dst), w.dial(dst)
	if code, _, err := get(idle, "GET", "api.example.com", "/other"); code != 200 {
		t.Fatal(code, err)
	}
	// Two requests that are under way: their bodies are still to come.
	for c, path := range map[net.Conn]string{busy: "/other", fine: "/v1/x"} {
		io.WriteString(c, "POST "+path+" HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 5\r\n\r\n")
		w.event(path, func(e glovebox.NetEvent) bool { return e.Method == "POST" && e.Path == path && e.Allowed })
	}
	r.Paths = []string{"/v1/*"}
	w.change(r)
	w.isReset(busy)
	io.WriteString(fine, "hello")
	if code, _, err := answer(fine); code != 200 {
		t.Errorf("the request that is still let through: %d %v", code, err)
	}
	if code, _, _ := get(idle, "GET", "api.example.com", "/other"); code != 403 {
		t.Errorf("the next request on an old connection: %d", code)
	}
}

func TestWideningWorksAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	one, two := w.server("127.0.2.1"), w.server("127.0.2.1")
	w.upstream.set("api.example.com", "127.0.2.1")
	first, second := domain("api.example.com", one.port(), "tcp"), domain("api.example.com", two.port(), "tcp")
	w.rules(first)
	ip := w.resolve("api.example.com")
	c := w.dial(at(ip, one.port()))
	w.isReset(w.dial(at(ip, two.port())))
	w.change(first, second)
	if _, err := say(w.dial(at(ip, two.port())), "x"); err != nil {
		t.Errorf("the new port: %v", err)
	}
	if _, err := say(c, "x"); err != nil {
		t.Errorf("the connection of before: %v", err)
	}
	if n := len(w.pinned()); n != 2 {
		t.Errorf("%d pins", n)
	}
}

func TestBudget(t *testing.T) {
	w := newWorld(t, nil)
	l := w.endless("127.0.2.1")
	p := l.Addr().(*net.TCPAddr).Port
	w.upstream.set("api.example.com", "127.0.2.1")
	r := domain("api.example.com", p, "tcp")
	r.Bytes = 1 << 20
	w.rules(r)
	dst := at(w.resolve("api.example.com"), p)
	c := w.dial(dst)
	io.WriteString(c, "0123456789")
	if _, n, _ := drain(c); n > 1<<20-10 {
		t.Errorf("%d bytes came", n)
	}
	e := w.event("close", func(e glovebox.NetEvent) bool { return e.Type == glovebox.NetClose })
	if e.Reason != glovebox.NetBudget || e.Sent+e.Got != 1<<20 {
		t.Errorf("the close says %+v", e)
	}
	w.isReset(w.dial(dst))
	w.refused(glovebox.NetOpen, glovebox.NetBudget)

	r.Bytes = 3 << 20 // what was used stays used
	w.change(r)
	c = w.dial(dst)
	drain(c)
	w.event("the rest of the budget", func(e glovebox.NetEvent) bool {
		return e.Type == glovebox.NetClose && e.Reason == glovebox.NetBudget && e.Sent+e.Got == 2<<20
	})
	r.Bytes = 0
	w.change(r)
	c = w.dial(dst)
	if _, err := io.CopyN(io.Discard, c, 8<<20); err != nil {
		t.Errorf("control: without budget: %v", err)
	}
	r.Bytes = 100 << 20 // the first budget of a rule cuts what was not counted
	w.change(r)
	drain(c)
	w.event("cut for the first budget", func(e glovebox.NetEvent) bool {
		return e.Type == glovebox.NetClose && e.Reason == glovebox.NetNarrowed
	})
}

func TestBudgetOfRequests(t *testing.T) {
	w := newWorld(t, nil)
	s := w.site(nil, "127.0.2.1")
	w.upstream.set("api.example.com", "127.0.2.1")
	r := domain("api.example.com", s.port(), "http")
	r.Bytes = 4000
	w.rules(r)
	dst := at(w.resolve("api.example.com"), s.port())
	c := w.dial(dst)
	n := 0
	for n < 100 {
		if code, _, err := get(c, "GET", "api.example.com", "/"); err != nil || code != 200 {
			break
		}
		n++
	}
	if n == 0 || n > 40 {
		t.Errorf("%d requests went through", n)
	}
	w.event("close", func(e glovebox.NetEvent) bool { return e.Type == glovebox.NetClose && e.Reason == glovebox.NetBudget })
	if code, _, err := get(w.dial(dst), "GET", "api.example.com", "/"); err == nil {
		t.Errorf("another connection gets %d", code)
	}
}
