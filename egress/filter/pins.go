package filter

import (
	"context"
	"maps"
	"net/netip"
	"time"

	"glovebox"
)

// Pin lets packets of a slot to a destination come to the filter.
type Pin struct {
	Prefix netip.Prefix  // a single address for what a name resolved to
	Port   uint16        // 0 = every port: only of a slot that is observed
	TTL    time.Duration // 0 = until unpinned
}

type pinKey struct {
	prefix netip.Prefix
	port   uint16
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// ports returns where m opens a for name.
func (m *matcher) ports(name string, a netip.Addr) []uint16 {
	var ports []uint16
	exact, wild := m.named(name)
	for _, rs := range [2][]*rule{exact, wild} {
		for _, r := range rs {
			if r.reaches(a) {
				ports = append(ports, uint16(r.Port))
			}
		}
	}
	if m.observe != nil && m.observe.reaches(a) {
		ports = append(ports, 0)
	}
	return ports
}

// pin makes the agent let packets to addrs through before the slot is told of
// them, and remembers that name stands for them. It returns those that the
// rules open; none if the rules changed meanwhile.
func (s *slot) pin(ctx context.Context, name string, addrs []netip.Addr, ttl time.Duration) ([]netip.Addr, error) {
	s.pinMu.Lock()
	defer s.pinMu.Unlock()
	now := s.f.now()
	grace := s.f.limits.PinGrace
	until := now.Add(ttl + grace)

	s.mu.Lock()
	var fresh []Pin
	var opened []netip.Addr
	for _, a := range addrs {
		ports := s.m.ports(name, a)
		if len(ports) == 0 {
			continue
		}
		opened = append(opened, a)
		for _, port := range ports {
			// One that holds until long after the answer is not told again.
			if had, ok := s.told[pinKey{single(a), port}]; !ok || !had.IsZero() && had.Before(now.Add(ttl+grace/2)) {
				fresh = append(fresh, Pin{single(a), port, ttl + grace})
			}
		}
	}
	s.sweep(now)
	full := s.names+len(opened) > s.f.limits.Pins
	s.mu.Unlock()
	if full {
		return nil, glovebox.Errorf(glovebox.KindTooMany, "%d addresses are pinned", s.f.limits.Pins)
	}
	if len(fresh) > 0 {
		if err := s.f.agentPin(ctx, s.id, fresh); err != nil {
			return nil, err
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range fresh {
		s.told[pinKey{p.Prefix, p.Port}] = until
	}
	if !s.m.lists(name) {
		return nil, nil // a change is waiting to take back what was pinned
	}
	for _, a := range opened {
		if s.known[a] == nil {
			s.known[a] = map[string]time.Time{}
		}
		if had, ok := s.known[a][name]; !ok || until.After(had) {
			if s.known[a][name] = until; !ok {
				s.names++
			}
		}
	}
	return opened, nil
}

// sweep forgets what is over, at most once a second.
func (s *slot) sweep(now time.Time) {
	if now.Before(s.swept.Add(time.Second)) {
		return
	}
	s.swept = now
	for k, until := range s.told {
		if !until.IsZero() && !now.Before(until) {
			delete(s.told, k)
		}
	}
	s.forget(func(_ string, until time.Time) bool { return !now.Before(until) })
}

// forget drops the names that are over.
func (s *slot) forget(over func(name string, until time.Time) bool) {
	s.names = 0
	for a, names := range s.known {
		maps.DeleteFunc(names, over)
		if s.names += len(names); len(names) == 0 {
			delete(s.known, a)
		}
	}
}

// syncPins makes what the agent has pinned be what the rules say: for their
// addresses, and for the names that were answered.
func (s *slot) syncPins(ctx context.Context) error {
	s.pinMu.Lock()
	defer s.pinMu.Unlock()
	now := s.f.now()

	s.mu.RLock()
	want := map[pinKey]time.Time{}
	for _, r := range s.m.all {
		if r.prefix.IsValid() {
			want[pinKey{r.prefix, uint16(r.Port)}] = time.Time{}
		}
	}
	for a, names := range s.known {
		for name, until := range names {
			if until.Sub(now) < time.Second {
				continue // over, as good as
			}
			for _, port := range s.m.ports(name, a) {
				k := pinKey{single(a), port}
				if had, ok := want[k]; !ok || !had.IsZero() && had.Before(until) {
					want[k] = until
				}
			}
		}
	}
	var add, remove []Pin
	for k, until := range want {
		if had, ok := s.told[k]; !ok || !had.Equal(until) && (until.IsZero() || had.Before(until)) {
			p := Pin{Prefix: k.prefix, Port: k.port}
			if !until.IsZero() {
				p.TTL = until.Sub(now)
			}
			add = append(add, p)
		}
	}
	for k := range s.told {
		if _, ok := want[k]; !ok {
			remove = append(remove, Pin{Prefix: k.prefix, Port: k.port})
		}
	}
	s.mu.RUnlock()

	if len(remove) > 0 {
		if err := s.f.agentUnpin(ctx, s.id, remove); err != nil {
			return err
		}
	}
	if len(add) > 0 {
		if err := s.f.agentPin(ctx, s.id, add); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.told = want
	s.mu.Unlock()
	return nil
}
