package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"glovebox"
)

// element is one element of a set.
type element struct {
	set     string
	key     string        // bytes, as the kernel has them
	timeout time.Duration // 0 = none
}

func linkKey(link string) string { return link + strings.Repeat("\x00", unix.IFNAMSIZ-len(link)) }

// slotElements tie a link to its own addresses.
func slotElements(link string, addrs ...netip.Addr) []element {
	var all []element
	for _, a := range addrs {
		all = append(all, element{set: familyOf(a).slots, key: linkKey(link) + string(a.AsSlice())})
	}
	return all
}

func pinElement(link string, to netip.AddrPort, ttl time.Duration) element {
	port := binary.BigEndian.AppendUint16(nil, to.Port())
	return element{familyOf(to.Addr()).allow, linkKey(link) + string(to.Addr().AsSlice()) + string(port) + "\x00\x00", ttl}
}

func (e element) isSlot() bool { return e.set == ip4.slots || e.set == ip6.slots }

// linkOf is the link that a key begins with.
func linkOf(key []byte) string {
	if len(key) < unix.IFNAMSIZ {
		return ""
	}
	return strings.TrimRight(string(key[:unix.IFNAMSIZ]), "\x00")
}

// perMessage keeps a list of elements below the 64 KiB of a netlink attribute.
const perMessage = 256

// change takes elements away and puts others in, in one transaction: an element
// that is in both gets its new timeout. One that is gone already, because its
// time was up, is no error. KindTooMany if a set is full.
func (t *table) change(away, in []element) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for range 3 {
		err := t.exchange(away, in)
		switch {
		case errors.Is(err, unix.ENFILE):
			return glovebox.Errorf(glovebox.KindTooMany, "the kernel's set of addresses is full").Try("run fewer jobs on this node")
		case !errors.Is(err, unix.ENOENT):
			return err
		}
		if away, err = t.present(away); err != nil {
			return err
		}
	}
	return errors.New("elements come and go too fast")
}

func (t *table) exchange(away, in []element) error {
	for set, elems := range bySet(away) {
		for some := range slices.Chunk(elems, perMessage) {
			if err := t.conn.SetDeleteElements(t.sets[set], some); err != nil {
				return err
			}
		}
	}
	for set, elems := range bySet(in) {
		for some := range slices.Chunk(elems, perMessage) {
			if err := t.conn.SetAddElements(t.sets[set], some); err != nil {
				return err
			}
		}
	}
	return t.commit()
}

func bySet(all []element) map[string][]nftables.SetElement {
	sets := map[string][]nftables.SetElement{}
	for _, e := range all {
		sets[e.set] = append(sets[e.set], nftables.SetElement{Key: []byte(e.key), Timeout: e.timeout})
	}
	return sets
}

// present keeps those that the kernel has.
func (t *table) present(all []element) ([]element, error) {
	has := map[element]bool{}
	for set := range bySet(all) {
		found, err := t.conn.GetSetElements(t.sets[set])
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", set, err)
		}
		for _, e := range found {
			has[element{set: set, key: string(e.Key)}] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(e element) bool { return !has[element{set: e.set, key: e.key}] }), nil
}

// forget takes away what the packets of a link left in the sets that count. It
// looks first: a transaction that fails costs milliseconds, and makes all others
// wait.
func (t *table) forget(link string) error {
	found, err := t.entries("refusals", "reported", "answered")
	if err != nil {
		return err
	}
	var away []element
	for _, e := range found {
		if e.link == link {
			away = append(away, e.element)
		}
	}
	return t.change(away, nil)
}

// entry is an element that the kernel has.
type entry struct {
	element
	link    string
	left    time.Duration // until it expires
	packets uint64        // of refusals
}

// entries lists the elements of some sets, of all without any.
func (t *table) entries(sets ...string) ([]entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(sets) == 0 {
		sets = sortedSets()
	}
	var all []entry
	for _, set := range sets {
		found, err := t.conn.GetSetElements(t.sets[set])
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", set, err)
		}
		for _, e := range found {
			x := entry{element: element{set: set, key: string(e.Key)}, link: linkOf(e.Key), left: e.Expires}
			if e.Counter != nil {
				x.packets = e.Counter.Packets
			}
			all = append(all, x)
		}
	}
	return all, nil
}

// pinOf is what an element of a set of pins lets through.
func pinOf(e element) (netip.AddrPort, bool) {
	size := 0
	switch e.set {
	case ip4.allow:
		size = 4
	case ip6.allow:
		size = 16
	}
	if size == 0 || len(e.key) != unix.IFNAMSIZ+size+4 {
		return netip.AddrPort{}, false
	}
	addr, ok := netip.AddrFromSlice([]byte(e.key[unix.IFNAMSIZ : unix.IFNAMSIZ+size]))
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16([]byte(e.key[unix.IFNAMSIZ+size:]))), ok
}
