package filter

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"glovebox"
)

// conn is one connection of a slot, from the moment it was accepted until the
// close is told.
type conn struct {
	id    int64
	s     *slot
	raw   *net.TCPConn // to the sandbox
	dst   netip.AddrPort
	proto string // of the event: tls, http or tcp
	name  string // what it was decided for; "" for rules about the address
	reads bool   // requests are read, one by one

	shown     string          // server name of a TLS that is ended here
	transport *http.Transport // to dst, where requests are read

	sent, got atomic.Int64

	mu      sync.Mutex
	rule    *rule    // bytes are counted against it; nil before the first request
	pending int      // bytes of before that
	now     *request // under way, where requests are read
	free    bool     // bytes pass without being counted one by one
	ups     map[net.Conn]struct{}
	reason  string // why it was cut
	isCut   bool
	opened  bool // an allowed NetOpen was told
	once    sync.Once
}

// passes says whether what was decided would be decided again by m. What is
// not counted as it passes, and now has a budget, does not.
func (c *conn) passes(m *matcher) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.opened {
		return true // not decided; attach looks
	}
	rules := of(c.proto, m.opens(c.name, c.dst))
	if c.reads && c.now == nil {
		if len(rules) == 0 {
			rules = c.s.anyRule(m, c.proto, c.dst)
		}
		return len(rules) > 0
	}
	var next *rule
	if c.reads {
		next, _ = choice{c.name, rules}.allow(*c.now)
	} else {
		next = choice{c.name, rules}.unread()
	}
	if next == nil || c.free && next.budget.bounded() {
		return false
	}
	c.rule = next
	return true
}

// anyRule returns rules of a protocol for any name that dst was answered for.
func (s *slot) anyRule(m *matcher, proto string, dst netip.AddrPort) []*rule {
	for name := range s.known[dst.Addr()] {
		if rs := of(proto, m.opens(name, dst)); len(rs) > 0 {
			return rs
		}
	}
	return of(proto, m.opens("", dst))
}

// charge counts n bytes and returns how many of them may pass.
func (c *conn) charge(n int) int {
	c.mu.Lock()
	r := c.rule
	if r == nil {
		c.pending += n
	}
	c.mu.Unlock()
	if r == nil {
		return n
	}
	return r.budget.take(n)
}

// count makes r what bytes are counted against, with those that came before.
// It says whether these fit.
func (c *conn) count(r *rule) bool {
	c.mu.Lock()
	n := c.pending
	c.rule, c.pending = r, 0
	c.mu.Unlock()
	return r.budget.take(n) == n && !r.budget.spent()
}

// use makes up be cut with c; false if c is cut already, and then up is closed.
func (c *conn) use(up net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		up.Close()
		return false
	}
	if c.ups == nil {
		c.ups = map[net.Conn]struct{}{}
	}
	c.ups[up] = struct{}{}
	return true
}

// cut resets the connection and those to its destination, at once. The first
// reason counts; none means that the slot is over.
func (c *conn) cut(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		return
	}
	c.isCut, c.reason = true, reason
	reset(c.raw)
	for up := range c.ups {
		reset(up)
	}
}

// mark notes why the connection is about to end.
func (c *conn) mark(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isCut {
		c.reason = reason
	}
}

// reset closes c so that the other side sees a reset and not an end.
func reset(c net.Conn) {
	if t, ok := c.(interface{ SetLinger(int) error }); ok {
		t.SetLinger(0)
	}
	c.Close()
}

// refuse tells that c was not let through, and resets it.
func (c *conn) refuse(proto, name, reason string) {
	c.s.tell(glovebox.NetEvent{
		Type: glovebox.NetOpen, Name: name, Address: c.dst.String(), Proto: proto, Reason: reason, Conn: c.id,
	})
	c.cut(reason)
}

// attach makes the decision hold: it is made again under the rules of now, of
// which a change may have come in between. False: it does not pass any more.
func (c *conn) attach(proto, name string, reads, free bool, r *rule) bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.mu.Lock()
	c.proto, c.name, c.reads, c.free, c.rule, c.opened = proto, name, reads, free, r, true
	c.mu.Unlock()
	if !c.passes(c.s.m) {
		c.mu.Lock()
		c.opened = false
		c.mu.Unlock()
		return false
	}
	return true
}

// over tells the close, if the open was told, and lets go of everything.
func (c *conn) over() {
	c.once.Do(func() {
		c.raw.Close()
		if c.transport != nil {
			c.transport.CloseIdleConnections()
		}
		c.mu.Lock()
		for up := range c.ups {
			up.Close()
		}
		c.isCut = true
		e := glovebox.NetEvent{
			Type: glovebox.NetClose, Allowed: true, Name: c.name, Address: c.dst.String(), Proto: c.proto,
			Reason: c.reason, Sent: c.sent.Load(), Got: c.got.Load(), Conn: c.id,
		}
		if c.rule != nil {
			e.Rule = c.rule.name
		}
		opened := c.opened
		c.mu.Unlock()
		if opened {
			c.s.tell(e)
		}
		c.s.release(c)
	})
}
