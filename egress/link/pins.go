package link

import (
	"context"
	"net/netip"
	"time"

	"glovebox"
)

// MaxPins bounds what one slot can have pinned at one time.
const MaxPins = 4096

// Pin lets a slot open TCP connections to one address and port for a time.
// Connections that are open by then live on; only new ones need it.
type Pin struct {
	Addr netip.Addr
	Port uint16
	TTL  time.Duration // a second or more; a pin that is there already is never shortened
}

// Pin adds pins, all of them or none. KindNotFound if there is no such slot,
// KindInvalid for what is no pin, KindDenied for an address that is forbidden
// or one of the router's own, KindTooMany if there would be more than MaxPins.
func (r *Router) Pin(ctx context.Context, id string, pins []Pin) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, p := range pins {
		if err := r.pinnable(p); err != nil {
			return err
		}
	}
	s, err := r.hold(id)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	now := r.config.Now()
	for to, until := range s.pins {
		if !now.Before(until) {
			delete(s.pins, to)
		}
	}
	want := map[netip.AddrPort]time.Time{}
	more := 0
	for _, p := range pins {
		to, until := netip.AddrPortFrom(p.Addr, p.Port), now.Add(p.TTL)
		old, have := s.pins[to]
		if _, twice := want[to]; !have && !twice {
			more++
		}
		if until.After(old) && until.After(want[to]) {
			want[to] = until
		}
	}
	if len(s.pins)+more > MaxPins {
		return glovebox.Errorf(glovebox.KindTooMany, "slot %s would have %d addresses open, more than %d", id, len(s.pins)+more, MaxPins)
	}
	var away, in []element
	for to, until := range want {
		in = append(in, pinElement(linkName(s.n), to, until.Sub(now)))
		if _, have := s.pins[to]; have {
			away = append(away, in[len(in)-1]) // kernels before 6.12 keep the old time otherwise
		}
	}
	if len(in) == 0 {
		return nil
	}
	if err := r.rules.change(away, in); err != nil {
		return failed("pin addresses of", id, err)
	}
	for to, until := range want {
		s.pins[to] = until
	}
	return nil
}

func (r *Router) pinnable(p Pin) error {
	a := p.Addr
	switch {
	case !a.IsValid() || a.Is4In6() || a.Zone() != "":
		return glovebox.Errorf(glovebox.KindInvalid, "%q is not an address to pin", a).On("addr").Try("unwrap IPv4 addresses, and leave zones away")
	case p.Port == 0:
		return glovebox.Errorf(glovebox.KindInvalid, "no port for %s", a).On("port")
	case p.TTL < time.Second:
		return glovebox.Errorf(glovebox.KindInvalid, "%s for %s is less than a second", p.TTL, a).On("ttl")
	case r.config.Prefix4.Contains(a), r.config.Prefix6.Contains(a), !a.IsGlobalUnicast(), r.config.Forbidden(a):
		return glovebox.Errorf(glovebox.KindDenied, "%s can never be reached", a).On("addr")
	}
	return nil
}

// Unpin takes pins away, so that new connections there are refused. Open ones
// are the filter's to close. What is not pinned is no error. KindNotFound if
// there is no such slot.
func (r *Router) Unpin(ctx context.Context, id string, to ...netip.AddrPort) error {
	return r.unpin(ctx, id, func(s *slot) []netip.AddrPort { return to })
}

// UnpinAll takes all of a slot's pins away.
func (r *Router) UnpinAll(ctx context.Context, id string) error {
	return r.unpin(ctx, id, func(s *slot) []netip.AddrPort {
		var all []netip.AddrPort
		for to := range s.pins {
			all = append(all, to)
		}
		return all
	})
}

func (r *Router) unpin(ctx context.Context, id string, which func(*slot) []netip.AddrPort) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := r.hold(id)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	var away []element
	list := which(s)
	for _, to := range list {
		if _, have := s.pins[to]; have {
			away = append(away, pinElement(linkName(s.n), to, 0))
		}
	}
	if len(away) == 0 {
		return nil
	}
	if err := r.rules.change(away, nil); err != nil {
		return failed("unpin addresses of", id, err)
	}
	for _, to := range list {
		delete(s.pins, to)
	}
	return nil
}
