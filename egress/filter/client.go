package filter

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"glovebox"
)

// Callbacks are what the filter asks the agent for. The calls about pins run
// beside each other; the filter waits for them, so they should take little time.
type Callbacks struct {
	// Pin lets packets of a slot to these destinations come to the filter. One
	// that is pinned already holds until the later of both times.
	Pin func(ctx context.Context, slot string, pins []Pin) error
	// Unpin takes pins back, whatever is left of their time.
	Unpin func(ctx context.Context, slot string, pins []Pin) error
	// Events are decisions of a slot, in their order. While it runs, nothing
	// else is read from the filter.
	Events func(slot string, events []glovebox.NetEvent)
	// Never is what cannot be pinned besides Forbidden; may be nil.
	Never func(netip.Addr) bool

	forbidden func(netip.Addr) bool // nil = Forbidden
}

// Client is the agent's end of the channel. It takes what the filter says for
// what an intruder in it might say: pins have to be of an open slot, on a port
// that a rule of the slot names, and of no address that is never reachable.
type Client struct {
	ch   *channel
	cb   Callbacks
	busy chan struct{} // bounds the callbacks under way
	wg   sync.WaitGroup
	err  error

	mu    sync.Mutex
	slots map[string]*granted
}

// granted is what a slot's pins are held to.
type granted struct {
	open     map[uint16]bool // ports; true: some rule for it has Private
	prefixes []netip.Prefix
	observe  bool
	end      func()
	ctx      context.Context
}

const (
	maxPinned  = 4096      // in one message
	maxPinLife = time.Hour // of one pin that has a time
	maxCalls   = 64        // callbacks at one time
)

// NewClient speaks to a filter at the other end of conn. Close ends it.
func NewClient(conn net.Conn, cb Callbacks) *Client {
	if cb.forbidden == nil {
		cb.forbidden = Forbidden
	}
	c := &Client{ch: newChannel(conn), cb: cb, busy: make(chan struct{}, maxCalls), slots: map[string]*granted{}}
	c.wg.Go(func() {
		c.err = c.ch.read(c.take)
		conn.Close()
	})
	return c
}

// Done is closed when the filter is gone. Every slot is then closed to traffic,
// and the client of no more use.
func (c *Client) Done() <-chan struct{} { return c.ch.gone }

// Close ends the channel, and with it the filter. It returns what the filter
// did wrong, if anything, when no callback runs any more.
func (c *Client) Close() error {
	c.ch.conn.Close()
	c.mu.Lock()
	for _, g := range c.slots {
		g.end()
	}
	clear(c.slots)
	c.mu.Unlock()
	c.wg.Wait()
	return c.err
}

// Open lets a slot's traffic through as far as its rules go; the pins for their
// addresses are made before it returns. It returns the root, as PEM, that the
// sandbox has to trust where requests are read. Errors: KindInvalid and
// KindTooLarge with the field; KindConflict: the id or an address is in use;
// KindDenied: an address that is never reachable; KindUnavailable: the filter
// is gone.
func (c *Client) Open(ctx context.Context, s SlotConfig) ([]byte, error) {
	if s.ID == "" {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "a slot without id").On("id")
	}
	g, err := grant(s)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if c.slots[s.ID] != nil {
		c.mu.Unlock()
		g.end()
		return nil, glovebox.Errorf(glovebox.KindConflict, "slot %s is open already", s.ID)
	}
	c.slots[s.ID] = g
	c.mu.Unlock()
	type outcome struct {
		answer message
		err    error
	}
	done := make(chan outcome, 1)
	c.wg.Go(func() {
		a, err := c.ch.call(g.ctx, message{Op: opOpen, Slot: s.ID, Config: &s})
		done <- outcome{a, err}
	})
	select {
	case o := <-done:
		if o.err != nil {
			c.forget(s.ID)
		}
		return o.answer.CA, o.err
	case <-ctx.Done():
		c.wg.Go(func() { // it may be opened yet
			if o := <-done; o.err == nil {
				c.ch.call(g.ctx, message{Op: opClose, Slot: s.ID})
			}
			c.forget(s.ID)
		})
		return nil, ctx.Err()
	}
}

// Change puts other rules and secrets in place of a slot's. What they do not
// let through is reset, and its pins are taken back, before it returns; what
// they let through more works at once. ID says which slot; addresses stay.
// After an error of the pins the rules are the new ones, and what they let
// through more may not work.
func (c *Client) Change(ctx context.Context, s SlotConfig) error {
	g, err := grant(s)
	if err != nil {
		return err
	}
	c.mu.Lock()
	old := c.slots[s.ID]
	if old == nil {
		c.mu.Unlock()
		g.end()
		return glovebox.Errorf(glovebox.KindNotFound, "slot %s is not open", s.ID)
	}
	g.end()
	g.ctx, g.end = old.ctx, old.end
	c.slots[s.ID] = g
	c.mu.Unlock()
	_, err = c.ch.call(ctx, message{Op: opChange, Slot: s.ID, Config: &s})
	return err
}

// CloseSlot resets all connections of a slot. Its last events have been told
// when it returns. Its pins are not taken back: the slot's link goes with it.
// A slot that is not open is no error.
func (c *Client) CloseSlot(ctx context.Context, id string) error {
	c.mu.Lock()
	g := c.slots[id]
	c.mu.Unlock()
	if g == nil {
		return nil
	}
	_, err := c.ch.call(ctx, message{Op: opClose, Slot: id})
	c.forget(id)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return nil
	}
	return err
}

// Stats returns the filter's counters.
func (c *Client) Stats(ctx context.Context) (Stats, error) {
	a, err := c.ch.call(ctx, message{Op: opStats})
	if err != nil {
		return Stats{}, err
	}
	if a.Stats == nil {
		return Stats{}, glovebox.Errorf(glovebox.KindInternal, "the filter answers without its counters")
	}
	return *a.Stats, nil
}

func (c *Client) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.slots[id]; g != nil {
		g.end()
		delete(c.slots, id)
	}
}

// grant checks a slot's rules, as the filter will, and returns its bounds.
func grant(s SlotConfig) (*granted, error) {
	m, err := compile(s.Rules, s.Secrets, s.Observe, nil)
	if err != nil {
		return nil, err
	}
	g := &granted{open: map[uint16]bool{}, observe: s.Observe}
	for _, r := range m.all {
		g.open[uint16(r.Port)] = g.open[uint16(r.Port)] || r.Private
		if r.prefix.IsValid() {
			g.prefixes = append(g.prefixes, r.prefix)
		}
	}
	g.ctx, g.end = context.WithCancel(context.Background())
	return g, nil
}

// take serves one message of the filter.
func (c *Client) take(m message) {
	c.mu.Lock()
	g := c.slots[m.Slot]
	c.mu.Unlock()
	switch m.Op {
	case opEvents:
		if g != nil && len(m.Events) <= eventBatch {
			for i := range m.Events {
				m.Events[i] = clip(m.Events[i])
			}
			c.cb.Events(m.Slot, m.Events)
		}
	case opPin, opUnpin:
		c.busy <- struct{}{}
		c.wg.Go(func() {
			defer func() { <-c.busy }()
			c.ch.reply(m, message{}, c.pins(g, m))
		})
	default:
		c.ch.reply(m, message{}, glovebox.Errorf(glovebox.KindInvalid, "the agent knows no %q", m.Op))
	}
}

func (c *Client) pins(g *granted, m message) error {
	if g == nil {
		return glovebox.Errorf(glovebox.KindNotFound, "slot %s is not open", m.Slot)
	}
	if len(m.Pins) > maxPinned {
		return glovebox.Errorf(glovebox.KindTooLarge, "%d pins at once", len(m.Pins))
	}
	if m.Op == opUnpin {
		return c.cb.Unpin(g.ctx, m.Slot, m.Pins)
	}
	for _, p := range m.Pins {
		if err := c.allowed(g, p); err != nil {
			return err
		}
	}
	return c.cb.Pin(g.ctx, m.Slot, m.Pins)
}

// allowed checks one pin against what the slot may have.
func (c *Client) allowed(g *granted, p Pin) error {
	deny := func(why string) error {
		return glovebox.Errorf(glovebox.KindDenied, "%s %s, port %d", p.Prefix, why, p.Port)
	}
	if !p.Prefix.IsValid() || p.Prefix != p.Prefix.Masked() || p.Prefix.Addr() != p.Prefix.Addr().Unmap() {
		return deny("is no destination")
	}
	private, named := g.open[p.Port]
	if !named && !(g.observe && p.Port == 0) {
		return deny("is on a port that no rule names")
	}
	ours := slices.Contains(g.prefixes, p.Prefix)
	if !p.Prefix.IsSingleIP() && !ours {
		return deny("is in no rule")
	}
	a := p.Prefix.Addr()
	if p.Prefix.IsSingleIP() && (c.cb.forbidden(a) || c.cb.Never != nil && c.cb.Never(a)) {
		return deny("is never reachable")
	}
	if p.Prefix.IsSingleIP() && Private(a) && !private {
		return deny("is private, and no rule says so")
	}
	if !ours && (p.TTL <= 0 || p.TTL > maxPinLife) {
		return deny("has no end")
	}
	return nil
}
