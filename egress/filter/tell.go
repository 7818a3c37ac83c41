package filter

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"glovebox"
)

// agentWait bounds how long the filter waits for the agent to pin.
const agentWait = 5 * time.Second

func (f *filter) agentPin(ctx context.Context, slot string, pins []Pin) error {
	return f.ask(ctx, opPin, slot, pins)
}

func (f *filter) agentUnpin(ctx context.Context, slot string, pins []Pin) error {
	return f.ask(ctx, opUnpin, slot, pins)
}

func (f *filter) ask(ctx context.Context, op, slot string, pins []Pin) error {
	ctx, cancel := context.WithTimeout(ctx, agentWait)
	defer cancel()
	_, err := f.ch.call(ctx, message{Op: op, Slot: slot, Pins: pins})
	return err
}

// wake has the events of s told soon.
func (f *filter) wake(s *slot) {
	f.dirtyMu.Lock()
	f.dirty[s] = struct{}{}
	f.dirtyMu.Unlock()
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

// flushes tells events until the filter ends. A little wait gathers those of
// one moment in one message.
func (f *filter) flushes() {
	t := time.NewTimer(eventGather)
	defer t.Stop()
	for {
		select {
		case <-f.woken:
		case <-f.ctx.Done():
			return
		}
		t.Reset(eventGather)
		select {
		case <-t.C:
		case <-f.ctx.Done():
			return
		}
		f.dirtyMu.Lock()
		dirty := f.dirty
		f.dirty = map[*slot]struct{}{}
		f.dirtyMu.Unlock()
		for s := range dirty {
			f.flush(s, false)
		}
	}
}

// flush sends the events of s in their order.
func (f *filter) flush(s *slot, last bool) error {
	s.events.sendMu.Lock()
	defer s.events.sendMu.Unlock()
	for {
		batch := s.events.take(last, f.now())
		if len(batch) == 0 {
			return nil
		}
		if err := f.ch.send(message{Op: opEvents, Slot: s.id, Events: batch}); err != nil {
			return err
		}
	}
}

// hostDialer dials from the host's network, and looks at the address once more
// at the last moment, when the socket is there.
func hostDialer(forbidden func(netip.Addr) bool) *net.Dialer {
	return &net.Dialer{
		Control: func(_, address string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(address)
			if err != nil || forbidden(a.Addr()) {
				return glovebox.Errorf(glovebox.KindDenied, "%s is never reachable", address)
			}
			return nil
		},
	}
}
