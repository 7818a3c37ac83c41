package link

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strconv"
	"time"

	"glovebox"
)

// sandboxLink is the name of a link in the sandbox.
const sandboxLink = "eth0"

// Slot is the network of one sandbox, for one life:
//
//	Make → Raise → Pin, Unpin … → (Lower) → Remove
type Slot struct {
	ID                 string
	Netns              string // path of the sandbox's network namespace
	Link               string // of the router's end, in the router's namespace
	Addr4, Addr6       netip.Addr
	Gateway4, Gateway6 netip.Addr
	// Resolver4 and Resolver6 belong into the sandbox's resolv.conf. They are
	// the same for all slots; the resolver knows them apart by Addr4 and Addr6.
	Resolver4, Resolver6 netip.Addr
}

func (r *Router) describe(id string, n uint32) Slot {
	s := Slot{ID: id, Netns: r.slotPath(id), Link: linkName(n)}
	s.Gateway4, s.Addr4 = pair(r.config.Prefix4, n)
	s.Gateway6, s.Addr6 = pair(r.config.Prefix6, n)
	s.Resolver4, s.Resolver6 = r.config.resolver(r.config.Prefix4), r.config.resolver(r.config.Prefix6)
	return s
}

// Make makes a slot: a network namespace with one link, by which nothing passes
// before Raise. What of it fails half way is removed again. KindConflict if anything of this
// id is there, KindTooMany if all addresses are taken.
func (r *Router) Make(ctx context.Context, id string) (Slot, error) {
	if err := checkID(id); err != nil {
		return Slot{}, err
	}
	if err := ctx.Err(); err != nil {
		return Slot{}, err
	}
	held, err := r.reserve(id)
	if err != nil {
		return Slot{}, err
	}
	defer held.mu.Unlock()
	s := r.describe(id, held.n)
	err = r.build(s, held)
	switch {
	case errors.Is(err, os.ErrExist): // not ours to remove
		held.gone = true
		r.forget(id)
		return Slot{}, glovebox.Errorf(glovebox.KindConflict, "there is something of a network slot %q already", id).Try("remove it first")
	case err != nil:
		return Slot{}, errors.Join(failed("make", id, err), r.demolish(held))
	}
	return s, nil
}

// Slot describes a slot that is there; KindNotFound.
func (r *Router) Slot(id string) (Slot, error) {
	s, err := r.hold(id)
	if err != nil {
		return Slot{}, err
	}
	defer s.mu.Unlock()
	return r.describe(id, s.n), nil
}

// build makes everything of a slot in the kernel.
func (r *Router) build(s Slot, held *slot) error {
	ns, err := newNamespace(s.Netns, func() error { return turn(sandboxKnobs) })
	if err != nil {
		return err
	}
	defer ns.Close()
	h, err := handleIn(ns)
	if err != nil {
		return err
	}
	defer h.Close()
	index, err := r.plug(s, held.n, h, int(ns.Fd()))
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	held.index = index
	return nil
}

// reserve gives out the next number that no slot has. They go round, so that
// one that was just given back comes last. The slot is the caller's to unlock.
func (r *Router) reserve(id string) (*slot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots[id] != nil {
		return nil, glovebox.Errorf(glovebox.KindConflict, "there is a network slot %q already", id)
	}
	taken := map[uint32]bool{}
	for _, s := range r.slots {
		taken[s.n] = true
	}
	last := r.config.lastNumber()
	if len(taken) >= int(last) {
		return nil, glovebox.Errorf(glovebox.KindTooMany, "all %d network slots are taken", last).Try("give the node larger prefixes")
	}
	n := r.last
	for n = n%last + 1; taken[n]; n = n%last + 1 {
	}
	if _, err := r.lock.WriteAt([]byte(strconv.Itoa(int(n))+"\n         "), 0); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "note the number of slot %s: %w", id, err)
	}
	r.last = n
	s := &slot{id: id, n: n, pins: map[netip.AddrPort]time.Time{}}
	s.mu.Lock()
	r.slots[id] = s
	return s, nil
}

func (r *Router) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.slots, id)
}
