package filter

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"glovebox"
)

// Dialer opens connections to pinned addresses from the host's network.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// acceptTCP serves connections until l is closed or broken.
func (f *filter) acceptTCP(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			if f.ctx.Err() != nil || !temporary(err) {
				return err
			}
			time.Sleep(5 * time.Millisecond) // out of descriptors: some come back
			continue
		}
		raw, ok := c.(*net.TCPConn)
		if !ok {
			c.Close()
			continue
		}
		f.wg.Go(func() { f.handle(raw) })
	}
}

func temporary(err error) bool {
	t, ok := err.(interface{ Temporary() bool })
	return ok && t.Temporary()
}

// addrOf returns the address and port of a, an IPv4 one as such.
func addrOf(a net.Addr) netip.AddrPort {
	p, ok := a.(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return netip.AddrPort{}
	}
	ap := p.AddrPort()
	return netip.AddrPortFrom(ap.Addr().WithZone("").Unmap(), ap.Port())
}

// handle decides about a connection and carries it.
func (f *filter) handle(raw *net.TCPConn) {
	s := f.slotOf(addrOf(raw.RemoteAddr()).Addr())
	if s == nil {
		reset(raw)
		return
	}
	c := &conn{id: f.conns.Add(1), s: s, raw: raw, dst: f.original(raw)}
	if admitted, limit := s.admit(c); !admitted {
		if limit {
			c.refuse("", "", glovebox.NetLimit)
		}
		c.cut("")
		return
	}
	if handed := f.carry(c); !handed {
		c.over()
	}
}

// admit counts c in its slot; limit says that there is no room for it.
func (s *slot) admit(c *conn) (ok, limit bool) {
	if !s.conns.Allow() {
		return false, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return false, false
	}
	if len(s.open) >= s.f.limits.Conns || s.f.opened.Load() >= int64(s.f.limits.AllConns) {
		return false, true
	}
	s.open[c] = struct{}{}
	s.f.opened.Add(1)
	s.wg.Add(1)
	return true, false
}

// release is the end of what admit began.
func (s *slot) release(c *conn) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	s.f.opened.Add(-1)
	s.wg.Done()
}

// carry does all for c, or hands it to the server of requests, which then
// tells when it is over.
func (f *filter) carry(c *conn) (handed bool) {
	if f.forbidden(c.dst.Addr()) {
		c.refuse("", "", glovebox.NetForbidden)
		return false
	}
	c.s.mu.RLock()
	may := c.s.speaks(c.dst, f.now())
	c.s.mu.RUnlock()
	switch {
	case may == 0 && Private(c.dst.Addr()):
		c.refuse("", "", glovebox.NetPrivate)
		return false
	case may == 0:
		c.refuse("", "", glovebox.NetNoRule)
		return false
	case may&mayTCP != 0:
		f.carryTCP(c, nil)
		return false
	}
	return f.carryNamed(c, may)
}

// firstWait is for how long a connection that is only observed may be silent
// before it is taken for one where the server speaks first.
const firstWait = 500 * time.Millisecond

// carryNamed looks at the first bytes to see what is spoken.
func (f *filter) carryNamed(c *conn, may protocols) (handed bool) {
	wait := f.limits.Hello
	if may == mayAny {
		wait = min(wait, firstWait)
	}
	c.raw.SetReadDeadline(time.Now().Add(wait))
	first := make([]byte, 2048)
	n, err := c.raw.Read(first)
	first = first[:n]
	switch {
	case n == 0 && err != nil && may&mayAny == 0:
		c.refuse("", "", glovebox.NetProtocol)
	case n > 0 && first[0] == 0x16 && may&(mayTLS|mayAny) != 0:
		return f.carryTLS(c, first)
	case n > 0 && (may&mayHTTP != 0 || may&mayAny != 0 && looksHTTP(first)):
		return f.carryHTTP(c, first)
	case may&mayAny != 0:
		f.carryTCP(c, first)
	default:
		c.refuse(glovebox.EgressTLS, "", glovebox.NetProtocol)
	}
	return false
}

// looksHTTP says whether b begins as a request does.
func looksHTTP(b []byte) bool {
	line, _, _ := strings.Cut(string(b[:min(len(b), 256)]), "\r\n")
	method, rest, ok := strings.Cut(line, " ")
	return ok && method != "" && strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && strings.HasPrefix(rest, "/")
}

// carryTCP carries bytes that name nothing.
func (f *filter) carryTCP(c *conn, first []byte) {
	c.s.mu.RLock()
	ch, ok := c.s.chooseAny(c.dst, f.now())
	c.s.mu.RUnlock()
	if !ok {
		c.refuse(glovebox.EgressTCP, "", glovebox.NetNoRule)
		return
	}
	f.pass(c, glovebox.EgressTCP, ch.name, ch.rules[0], first)
}

// carryTLS lets a connection through whose server name is one that its address
// was answered for, or ends its TLS where requests have to be read.
func (f *filter) carryTLS(c *conn, first []byte) (handed bool) {
	ctx, cancel := context.WithTimeout(c.s.ctx, f.limits.Hello)
	defer cancel()
	c.raw.SetReadDeadline(time.Now().Add(f.limits.Hello))
	sni, read, err := readHello(ctx, &ahead{Conn: c.raw, first: first})
	if err != nil {
		c.refuse(glovebox.EgressTLS, "", glovebox.NetProtocol)
		return false
	}
	name, _ := canonical(sni)
	c.s.mu.RLock()
	ch, ok := c.s.choose(c.dst, glovebox.EgressTLS, name, f.now())
	secret := ch.name != "" && len(c.s.m.secrets[ch.name]) > 0
	c.s.mu.RUnlock()
	if !ok {
		c.refuse(glovebox.EgressTLS, sni, glovebox.NetName)
		return false
	}
	if r := ch.unread(); r != nil && !secret {
		f.pass(c, glovebox.EgressTLS, ch.name, r, read)
		return false
	}
	return f.terminate(c, ch.name, name, read)
}

// dial connects to the destination of c, which is looked at once more.
func (f *filter) dial(ctx context.Context, c *conn) (net.Conn, error) {
	if f.forbidden(c.dst.Addr()) {
		return nil, glovebox.Errorf(glovebox.KindDenied, "%s is never reachable", c.dst.Addr())
	}
	ctx, cancel := context.WithTimeout(ctx, f.limits.Dial)
	defer cancel()
	up, err := f.dialer.DialContext(ctx, "tcp", c.dst.String())
	if err != nil {
		return nil, err
	}
	if !c.use(up) {
		return nil, net.ErrClosed
	}
	return up, nil
}

// pass joins c with its destination and reads nothing of what goes through.
func (f *filter) pass(c *conn, proto, name string, r *rule, first []byte) {
	if r.budget.spent() {
		c.refuse(proto, name, glovebox.NetBudget)
		return
	}
	conn, err := f.dial(c.s.ctx, c)
	free := !r.budget.bounded()
	if !c.attach(proto, name, false, free, r) {
		c.refuse(proto, name, glovebox.NetNarrowed)
		return
	}
	e := glovebox.NetEvent{
		Type: glovebox.NetOpen, Allowed: true, Name: name, Address: c.dst.String(), Proto: proto, Rule: r.name, Conn: c.id,
	}
	up, ok := conn.(stream)
	if err != nil || !ok {
		e.Reason = glovebox.NetFailed
		c.s.tell(e)
		c.cut("")
		return
	}
	c.s.tell(e)
	c.raw.SetReadDeadline(time.Time{})
	if err := f.join(c, up, free, first); err != nil {
		c.cut("")
	}
}

func (f *filter) join(c *conn, up stream, free bool, first []byte) error {
	var sandbox stream = c.raw
	out, in := &c.sent, &c.got
	if free {
		if _, err := up.Write(first); err != nil {
			return err
		}
		c.sent.Add(int64(len(first)))
	} else {
		// Its own counts are exact at every byte.
		sandbox = &counted{Conn: &ahead{Conn: c.raw, first: first}, c: c}
		out, in = new(atomic.Int64), new(atomic.Int64)
	}
	r := &relay{idle: f.limits.Idle, half: f.limits.HalfOpen}
	return r.run(sandbox, up, out, in)
}
