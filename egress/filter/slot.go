package filter

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"glovebox"
)

// SlotConfig is what a slot may do. Addr4 and Addr6 are the only sources that
// count as the slot's; one of them may be invalid.
type SlotConfig struct {
	ID      string
	Addr4   netip.Addr
	Addr6   netip.Addr
	Rules   []glovebox.EgressRule
	Secrets []Secret
	// Observe lets every public name through, on any port, and tells of it.
	Observe bool
}

// slot is one sandbox. All fields below mu are guarded by it.
type slot struct {
	id     string
	addrs  []netip.Addr
	six    bool
	f      *filter
	events *queue
	ca     *authority
	conns  *rate.Limiter
	asks   *rate.Limiter
	// requests slows down those who send many on one connection.
	requests *rate.Limiter
	ctx      context.Context // ends when the slot is closed
	cancel   context.CancelFunc
	wg       sync.WaitGroup // connections and questions

	pinMu  sync.Mutex // held while the agent is told of pins, so that these follow the rules' order
	mu     sync.RWMutex
	m      *matcher
	known  map[netip.Addr]map[string]time.Time // names that an address was answered for, and until when
	names  int                                 // in known
	swept  time.Time                           // when known was last looked through
	told   map[pinKey]time.Time                // what the agent has pinned, zero = until unpinned
	open   map[*conn]struct{}
	asking map[*asking]struct{} // connections to the resolver
	shut   bool
}

func (f *filter) newSlot(c SlotConfig, m *matcher) (*slot, error) {
	ca, err := newAuthority(f.now())
	if err != nil {
		return nil, err
	}
	s := &slot{
		id: c.ID, f: f, m: m, ca: ca, events: newQueue(f.limits), six: c.Addr6.IsValid(),
		conns:    rate.NewLimiter(rate.Limit(f.limits.ConnRate), f.limits.ConnRate),
		requests: rate.NewLimiter(rate.Limit(f.limits.ConnRate), f.limits.ConnRate),
		asks:     rate.NewLimiter(rate.Limit(f.limits.DNSRate), 2*f.limits.DNSRate),
		known:    map[netip.Addr]map[string]time.Time{}, told: map[pinKey]time.Time{}, open: map[*conn]struct{}{},
		asking: map[*asking]struct{}{},
	}
	for _, a := range []netip.Addr{c.Addr4, c.Addr6} {
		if a.IsValid() {
			s.addrs = append(s.addrs, a.WithZone("").Unmap())
		}
	}
	s.ctx, s.cancel = context.WithCancel(f.ctx)
	return s, nil
}

// enter counts something under way in the slot; false once it is closed. The
// caller calls s.wg.Done when it is over.
func (s *slot) enter() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.shut {
		return false
	}
	s.wg.Add(1)
	return true
}

// tell keeps an event of the slot and counts it.
func (s *slot) tell(e glovebox.NetEvent) {
	e.At = s.f.now()
	kept := s.events.add(e)
	s.f.counters.count(func(st *Stats) {
		if e.Reason != "" {
			st.refuse(e.Reason)
		}
		if !kept {
			st.Missed++
		}
		switch e.Type {
		case glovebox.NetDNS:
			if e.Allowed {
				st.Questions++
			}
		case glovebox.NetOpen:
			if e.Allowed {
				st.Opened++
			}
		case glovebox.NetRequest:
			if e.Allowed {
				st.Requests++
			}
		case glovebox.NetClose:
			st.Sent += e.Sent
			st.Received += e.Got
		}
	})
	s.f.wake(s)
}

// change puts m in place of the rules. Connections that would not pass now are
// reset before it returns.
func (s *slot) change(ctx context.Context, m *matcher) error {
	s.mu.Lock()
	s.m = m
	s.forget(func(name string, _ time.Time) bool { return !m.lists(name) })
	for c := range s.open {
		if !c.passes(m) {
			c.cut(glovebox.NetNarrowed)
		}
	}
	s.mu.Unlock()
	return s.syncPins(ctx)
}

// closeWait bounds how long a slot waits for what it has cut.
const closeWait = 5 * time.Second

// close cuts everything and waits until it is gone.
func (s *slot) close() {
	s.mu.Lock()
	s.shut = true
	for c := range s.open {
		c.cut("")
	}
	for a := range s.asking {
		reset(a.Conn)
	}
	s.mu.Unlock()
	s.cancel()
	done := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(done)
	}()
	t := time.NewTimer(closeWait)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}
