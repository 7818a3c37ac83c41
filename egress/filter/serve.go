package filter

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"glovebox"
)

// Config is what the filter gets. Everything in it is closed by Serve.
type Config struct {
	Control net.Conn // to the agent's Client
	DNS     []net.PacketConn
	DNSTCP  []net.Listener
	// TCP are listeners whose connections have their original destination as
	// local address.
	TCP []net.Listener

	Upstream Upstream       // nil = HostServers
	Dialer   Dialer         // nil = the host's network
	Roots    *x509.CertPool // of destinations whose TLS is ended here; nil = the host's
	Never    []netip.Prefix // never reachable, besides Forbidden and the host's own addresses
	Limits   Limits
	Now      func() time.Time // nil = time.Now

	forbidden func(netip.Addr) bool             // nil = guard
	original  func(*net.TCPConn) netip.AddrPort // nil = its local address
	routed    func(netip.Addr) bool             // nil = routed
}

// filter is one running filter.
type filter struct {
	ch        *channel
	limits    Limits
	now       func() time.Time
	cache     *cache
	dialer    Dialer
	roots     *x509.CertPool
	forbidden func(netip.Addr) bool
	original  func(*net.TCPConn) netip.AddrPort
	routed    func(netip.Addr) bool
	web       *web
	buffers   *buffers
	counters  counters
	conns     atomic.Int64 // numbers given
	opened    atomic.Int64 // now

	ctx context.Context
	wg  sync.WaitGroup

	mu     sync.RWMutex
	slots  map[string]*slot
	byAddr map[netip.Addr]*slot

	dirtyMu sync.Mutex
	dirty   map[*slot]struct{}
	woken   chan struct{}
}

// Serve filters until ctx ends or the agent closes the channel, which is no
// error. When it returns, every connection is reset.
func Serve(ctx context.Context, c Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f, err := newFilter(ctx, c)
	if err != nil {
		c.close()
		return err
	}
	servers := f.resolvers(c)
	var up sync.WaitGroup
	failed := make(chan error, 1)
	serve := func(what string, run func() error) {
		up.Go(func() {
			// Deaf to one kind of traffic, it is better not there at all.
			if err := run(); ctx.Err() == nil {
				select {
				case failed <- glovebox.Errorf(glovebox.KindInternal, "serve %s: %w", what, err):
				default:
				}
				cancel()
			}
		})
	}
	for _, s := range servers {
		serve("dns", s.ActivateAndServe)
	}
	for _, l := range c.TCP {
		serve("tcp", func() error { return f.acceptTCP(l) })
	}
	up.Go(func() { f.web.http.Serve(f.web) })
	up.Go(f.flushes)
	up.Go(func() {
		<-ctx.Done()
		c.Control.Close()
	})

	err = f.ch.read(f.take)
	if ctx.Err() != nil {
		err = nil
	}
	cancel()
	c.close()
	f.web.Close()
	f.stop(servers)
	up.Wait()
	select {
	case err = <-failed:
	default:
	}
	return err
}

func newFilter(ctx context.Context, c Config) (*filter, error) {
	if c.Control == nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "no control channel").On("control")
	}
	f := &filter{
		ctx: ctx, ch: newChannel(c.Control), limits: c.Limits.withDefaults(), now: c.Now, dialer: c.Dialer, roots: c.Roots,
		forbidden: c.forbidden, original: c.original, routed: c.routed, buffers: &buffers{},
		slots: map[string]*slot{}, byAddr: map[netip.Addr]*slot{}, dirty: map[*slot]struct{}{}, woken: make(chan struct{}, 1),
	}
	if f.now == nil {
		f.now = time.Now
	}
	if f.forbidden == nil {
		f.forbidden = (&guard{never: c.Never, now: f.now}).forbidden
	}
	if f.original == nil {
		f.original = func(c *net.TCPConn) netip.AddrPort { return addrOf(c.LocalAddr()) }
	}
	if f.routed == nil {
		f.routed = routed
	}
	if f.dialer == nil {
		f.dialer = hostDialer(f.forbidden)
	}
	if c.Upstream == nil {
		servers, err := HostServers()
		if err != nil {
			return nil, err
		}
		c.Upstream = servers
	}
	f.cache = newCache(c.Upstream, f.now, f.limits)
	f.web = f.newWeb()
	return f, nil
}

func (c Config) close() {
	c.Control.Close()
	for _, p := range c.DNS {
		p.Close()
	}
	for _, l := range c.DNSTCP {
		l.Close()
	}
	for _, l := range c.TCP {
		l.Close()
	}
}

// stop ends what is under way. The agent is gone, so there is nobody to tell.
func (f *filter) stop(servers []*dns.Server) {
	f.mu.Lock()
	all := f.slots
	f.slots, f.byAddr = map[string]*slot{}, map[netip.Addr]*slot{}
	f.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range all {
		wg.Go(s.close)
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	for _, s := range servers {
		s.ShutdownContext(ctx)
	}
	f.web.http.Close()
	f.wg.Wait()
}

// slotOf returns the slot that has a source address, or nil.
func (f *filter) slotOf(a netip.Addr) *slot {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.byAddr[a]
}

// take serves one message of the agent. Its requests can run beside each other.
func (f *filter) take(m message) {
	f.wg.Go(func() {
		answer, err := f.do(m)
		if err := f.ch.reply(m, answer, err); err != nil {
			f.ch.conn.Close() // without answers there is nothing to go on for
		}
	})
}

func (f *filter) do(m message) (message, error) {
	switch m.Op {
	case opOpen:
		return f.openSlot(m)
	case opChange:
		return message{}, f.changeSlot(m)
	case opClose:
		return message{}, f.closeSlot(m.Slot)
	case opStats:
		st := f.counters.read()
		f.mu.RLock()
		st.Slots = len(f.slots)
		f.mu.RUnlock()
		st.Conns = int(f.opened.Load())
		return message{Stats: &st}, nil
	}
	return message{}, glovebox.Errorf(glovebox.KindInvalid, "the filter knows no %q", m.Op)
}

func (f *filter) changeSlot(m message) error {
	s, err := f.find(m.Slot)
	if err != nil {
		return err
	}
	if m.Config == nil {
		return glovebox.Errorf(glovebox.KindInvalid, "a change without rules").On("egress")
	}
	s.mu.RLock()
	old := s.m
	s.mu.RUnlock()
	rules, err := compile(m.Config.Rules, m.Config.Secrets, m.Config.Observe, old)
	if err != nil {
		return err
	}
	return s.change(s.ctx, rules)
}

func (f *filter) find(id string) (*slot, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if s := f.slots[id]; s != nil {
		return s, nil
	}
	return nil, glovebox.Errorf(glovebox.KindNotFound, "no slot %s in the filter", id)
}

func (f *filter) openSlot(m message) (message, error) {
	if m.Config == nil || m.Config.ID == "" {
		return message{}, glovebox.Errorf(glovebox.KindInvalid, "a slot without id").On("id")
	}
	c := *m.Config
	rules, err := compile(c.Rules, c.Secrets, c.Observe, nil)
	if err != nil {
		return message{}, err
	}
	s, err := f.newSlot(c, rules)
	if err != nil {
		return message{}, err
	}
	if err := f.register(s); err != nil {
		s.cancel()
		return message{}, err
	}
	if err := s.syncPins(s.ctx); err != nil {
		f.closeSlot(s.id)
		return message{}, err
	}
	return message{CA: s.ca.pem}, nil
}

func (f *filter) register(s *slot) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(s.addrs) == 0 {
		return glovebox.Errorf(glovebox.KindInvalid, "slot %s has no address", s.id).On("addr4")
	}
	if f.slots[s.id] != nil {
		return glovebox.Errorf(glovebox.KindConflict, "slot %s is open already", s.id)
	}
	for _, a := range s.addrs {
		if f.byAddr[a] != nil {
			return glovebox.Errorf(glovebox.KindConflict, "address %s is of another slot", a)
		}
	}
	f.slots[s.id] = s
	for _, a := range s.addrs {
		f.byAddr[a] = s
	}
	return nil
}

func (f *filter) closeSlot(id string) error {
	s, err := f.find(id)
	if err != nil {
		return err
	}
	f.mu.Lock()
	if f.slots[id] != s {
		f.mu.Unlock()
		return nil
	}
	delete(f.slots, id)
	for _, a := range s.addrs {
		delete(f.byAddr, a)
	}
	f.mu.Unlock()
	s.close()
	return f.flush(s, true)
}
