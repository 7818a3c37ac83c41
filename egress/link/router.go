package link

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/mdlayher/netlink"
	rt "github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"glovebox"
)

// Router is the network that a node's sandboxes see. Its methods may be called
// at the same time; those for one slot wait for each other. Errors are of
// KindInternal where nothing else is said: the kernel refused what it should
// not.
type Router struct {
	config Config
	lock   *os.File // held while this is open
	ns     *os.File // the router's namespace
	links  *rt.Handle
	rules  *table
	log    *netlink.Conn // what was refused
	events chan Refusal
	ended  sync.WaitGroup // of the reader of log

	mu    sync.Mutex // guards what follows; taken after a slot's, never before
	slots map[string]*slot
	last  uint32 // the number given out last
}

// slot is what is remembered of a slot; all of it is in the kernel too.
type slot struct {
	id    string
	n     uint32
	index int // of the router's end of the link; 0 while it is being made. Guarded by Router.mu

	mu     sync.Mutex // held while something is done to the slot; guards what follows
	gone   bool       // removed; whoever waited for mu is too late
	raised bool
	wide   bool // every TCP connection goes to the filter
	pins   map[netip.AddrPort]time.Time
}

// Open makes the router, or adopts the one that an earlier process left in the
// folder, with its slots. KindInvalid names the field of the config; KindInUse
// if another process has the folder open; KindUnavailable if the kernel has no
// means for this, or the process no right.
func Open(c Config) (*Router, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	r := &Router{config: c, slots: map[string]*slot{}, events: make(chan Refusal, pendingRefusals)}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"prepare the folder", r.prepare},
		{"make the router's namespace", r.enter},
		{"address the router", r.address},
		{"find slots", r.find},
		{"write rules", r.guard},
		{"listen for refusals", r.listen},
	} {
		if err := step.do(); err != nil {
			_ = r.Close()
			return nil, opening(step.name, err)
		}
	}
	return r, nil
}

func opening(step string, err error) error {
	if e := (*glovebox.Error)(nil); errors.As(err, &e) {
		return e
	}
	kind := glovebox.KindInternal
	// To rules of a kind that it does not know the kernel says ENOENT.
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.ENOENT) {
		kind = glovebox.KindUnavailable
	}
	return glovebox.Errorf(kind, "%s: %w", step, err).Try("run the agent as root on a kernel with nftables (tproxy, socket, log), veth and IPv6")
}

// slotsFolder has the slots' namespaces, in the router's folder.
const slotsFolder = "slots"

func (r *Router) slotsDir() string          { return filepath.Join(r.config.Dir, slotsFolder) }
func (r *Router) slotPath(id string) string { return filepath.Join(r.slotsDir(), id) }
func (r *Router) routerPath() string        { return filepath.Join(r.config.Dir, "router") }

// prepare makes the folder, takes the lock and the number given out last, which
// is in the lock's file.
func (r *Router) prepare() error {
	if err := os.MkdirAll(r.config.Dir, 0o700); err != nil {
		return err
	}
	dir, err := filepath.EvalSymlinks(r.config.Dir)
	if err != nil {
		return err
	}
	r.config.Dir = dir
	if r.lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := unix.Flock(int(r.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return glovebox.Errorf(glovebox.KindInUse, "another process has the networks in %s", dir).Try("stop the other agent")
	}
	var n uint32
	if _, err := fmt.Fscan(r.lock, &n); err == nil {
		r.last = n
	}
	if err := makePrivate(dir); err != nil {
		return err
	}
	return os.MkdirAll(r.slotsDir(), 0o700)
}

// enter opens the router's namespace, or makes it.
func (r *Router) enter() (err error) {
	if r.ns, err = openNamespace(r.routerPath()); errors.Is(err, os.ErrNotExist) {
		if err = dropNamespace(r.routerPath()); err == nil {
			r.ns, err = newNamespace(r.routerPath(), func() error { return nil })
		}
	}
	if err != nil {
		return err
	}
	if err = inside(r.ns, func() error { return turn(routerKnobs) }); err != nil {
		return err
	}
	r.links, err = handleIn(r.ns)
	return err
}

func handleIn(ns *os.File) (*rt.Handle, error) {
	return rt.NewHandleAt(netns.NsHandle(ns.Fd()), unix.NETLINK_ROUTE)
}

// find takes up the slots that are there. Links that are none of ours could be
// a way out, so they are refused.
func (r *Router) find() error {
	links, err := r.links.LinkList()
	if err != nil {
		return err
	}
	for _, l := range links {
		a := l.Attrs()
		if a.Index == loopback {
			continue
		}
		n, ok := numberOf(a.Name)
		if !ok || l.Type() != "veth" {
			return glovebox.Errorf(glovebox.KindConflict, "the router has a link %s (%s) that is not a slot's", a.Name, l.Type()).
				Try("remove it, or destroy the router while no job runs")
		}
		if checkID(a.Alias) != nil || n > r.config.lastNumber() { // of another prefix, or cut off while it was made
			if err := r.links.LinkDel(l); err != nil && !missing(err) {
				return err
			}
			continue
		}
		r.slots[a.Alias] = &slot{id: a.Alias, n: n, index: a.Index, pins: map[netip.AddrPort]time.Time{}}
	}
	return nil
}

// guard makes the rules what they should be. If they are, the pins stay; if
// not, they are written again with the slots that were raised and without any
// pin, so that new connections wait for the resolver to be asked again.
func (r *Router) guard() (err error) {
	c := r.config
	if r.rules, err = newTable(r.ns, c.resolver(c.Prefix4), c.resolver(c.Prefix6)); err != nil {
		return err
	}
	whole, err := r.rules.whole()
	if err != nil {
		return err
	}
	have, err := r.rules.entries()
	if !whole {
		err = r.rules.write() // whatever could or could not be read
	}
	if err != nil {
		return err
	}
	byLink := map[string]*slot{}
	for _, s := range r.slots {
		byLink[linkName(s.n)] = s
	}
	var stale, raised []element
	for _, e := range have {
		s := byLink[e.link]
		pin, isPin := pinOf(e.element)
		switch {
		case s == nil, e.isSlot() && !slices.Contains(r.slotElements(s.n), e.element):
			stale = append(stale, e.element)
		case e.isSlot():
			raised = append(raised, e.element)
			s.raised = true
		case e.set == wideSet && whole:
			s.wide = true
		case isPin && whole:
			s.pins[pin] = c.Now().Add(e.left)
		}
	}
	if !whole {
		stale = nil
	}
	return r.rules.change(stale, raised)
}

func (r *Router) slotElements(n uint32) []element {
	_, own4 := pair(r.config.Prefix4, n)
	_, own6 := pair(r.config.Prefix6, n)
	return slotElements(linkName(n), own4, own6)
}

// Close lets go of everything and leaves it in the kernel, for the next Open.
func (r *Router) Close() error {
	if r.log != nil {
		_ = r.log.Close()
		r.ended.Wait()
	}
	if r.rules != nil {
		_ = r.rules.close()
	}
	if r.links != nil {
		r.links.Close()
	}
	for _, f := range []*os.File{r.ns, r.lock} {
		if f != nil {
			_ = f.Close()
		}
	}
	return nil
}

// Destroy removes every slot and the router, and closes it. What could not be
// removed is in the error and is found by the next Open. Sockets that another
// process has from Sockets lead nowhere from then on.
func (r *Router) Destroy() error {
	ids, err := r.List()
	errs := []error{err}
	for _, id := range ids {
		errs = append(errs, r.Remove(id))
	}
	errs = append(errs, dropNamespace(r.routerPath()), r.Close())
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return dropFolder(r.config.Dir)
}

// dropFolder undoes prepare. The lock's file goes last but the folder: until
// then nobody else makes anything here.
func dropFolder(dir string) error {
	if err := os.Remove(filepath.Join(dir, "slots")); err != nil {
		return err
	}
	for isMount(dir) {
		if err := unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return os.NewSyscallError("umount", err)
		}
	}
	return errors.Join(os.Remove(filepath.Join(dir, "lock")), os.Remove(dir))
}

// hold returns the slot, if it is whole, for the caller to unlock; KindNotFound.
func (r *Router) hold(id string) (*slot, error) {
	r.mu.Lock()
	s := r.slots[id]
	r.mu.Unlock()
	if s != nil {
		s.mu.Lock()
		if !s.gone && s.index != 0 {
			return s, nil
		}
		s.mu.Unlock()
	}
	return nil, glovebox.Errorf(glovebox.KindNotFound, "there is no network slot %q", id)
}

// List names every slot of which anything is left, whole or not, in order.
func (r *Router) List() ([]string, error) {
	entries, err := os.ReadDir(r.slotsDir())
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list slots: %w", err)
	}
	ids := map[string]bool{}
	for _, e := range entries {
		ids[e.Name()] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.slots {
		ids[id] = true
	}
	return slices.Sorted(maps.Keys(ids)), nil
}
