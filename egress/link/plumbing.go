package link

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	rt "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// loopback is the index of lo, the first link of every namespace.
const loopback = 1

// localTable routes what the rules marked for the proxy to this namespace
// itself. Nothing else has a route but to the slots.
const localTable = 100

// address raises lo, gives it the resolver's addresses, and routes what is for
// the proxy. It may find any part of that done.
func (r *Router) address() error {
	lo := &rt.Dummy{LinkAttrs: rt.LinkAttrs{Index: loopback, Name: "lo"}}
	if err := r.links.LinkSetUp(lo); err != nil {
		return fmt.Errorf("raise lo: %w", err)
	}
	for _, a := range []*net.IPNet{
		hostNet(r.config.resolver(r.config.Prefix4)),
		hostNet(r.config.resolver(r.config.Prefix6)),
	} {
		if err := r.links.AddrReplace(lo, &rt.Addr{IPNet: a, Flags: unix.IFA_F_NODAD}); err != nil {
			return fmt.Errorf("address %s: %w", a, err)
		}
	}
	for family, bits := range map[int]int{unix.AF_INET: 32, unix.AF_INET6: 128} {
		route := &rt.Route{
			LinkIndex: loopback, Family: family, Dst: anyNet(bits), Table: localTable,
			Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST,
		}
		if err := r.links.RouteReplace(route); err != nil {
			return fmt.Errorf("route to itself: %w", err)
		}
		rule := rt.NewRule()
		rule.Family, rule.Table, rule.Priority, rule.Mark = family, localTable, localTable, markProxy
		if err := r.links.RuleAdd(rule); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("rule for the proxy: %w", err)
		}
	}
	return nil
}

// plug makes the link of a slot and addresses both ends. Neighbours are fixed,
// so that none has to be asked for, or could lie. The id is written down last:
// a link without one was cut off while it was made, and is deleted by find.
func (r *Router) plug(s Slot, n uint32, inSandbox *rt.Handle, sandbox int) (index int, err error) {
	attrs := rt.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr = s.Link, hardware(n, 0)
	veth := rt.NewVeth(attrs)
	veth.PeerName, veth.PeerHardwareAddr, veth.PeerNamespace = sandboxLink, hardware(n, 1), rt.NsFd(sandbox)
	if err := r.links.LinkAdd(veth); err != nil {
		return 0, fmt.Errorf("make the link: %w", err)
	}
	end, err := r.links.LinkByName(s.Link)
	if err != nil {
		return 0, fmt.Errorf("find the link: %w", err)
	}
	for _, a := range []*net.IPNet{ownNet(s.Gateway4), ownNet(s.Gateway6)} {
		if err := r.links.AddrAdd(end, &rt.Addr{IPNet: a, Flags: unix.IFA_F_NODAD}); err != nil {
			return 0, fmt.Errorf("address %s: %w", a, err)
		}
	}
	for _, own := range []net.IP{s.Addr4.AsSlice(), s.Addr6.AsSlice()} {
		if err := r.links.NeighSet(neighbour(end.Attrs().Index, own, hardware(n, 1))); err != nil {
			return 0, fmt.Errorf("neighbour %s: %w", own, err)
		}
	}
	if err := r.links.LinkSetUp(end); err != nil {
		return 0, fmt.Errorf("raise the link: %w", err)
	}
	if err := furnish(inSandbox, s, n); err != nil {
		return 0, err
	}
	if err := ready(r.links, end.Attrs().Index, s.Gateway4, s.Gateway6); err != nil {
		return 0, err
	}
	if err := r.links.LinkSetAlias(end, s.ID); err != nil {
		return 0, fmt.Errorf("name the link: %w", err)
	}
	return end.Attrs().Index, nil
}

// ready waits until an end of a link carries packets, and takes those for its
// addresses. The kernel does both some time after it was told, and drops until
// then.
func ready(h *rt.Handle, index int, own ...netip.Addr) error {
	return soon(func() (bool, error) {
		l, err := h.LinkByIndex(index)
		if err != nil || l.Attrs().OperState != rt.OperUp {
			return false, err
		}
		for _, a := range own {
			routes, err := h.RouteGet(a.AsSlice())
			if err != nil || len(routes) == 0 || routes[0].Type != unix.RTN_LOCAL {
				return false, err
			}
		}
		return true, nil
	})
}

// soon asks until the answer is yes.
func soon(done func() (bool, error)) error {
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Microsecond) {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if time.Now().After(end) {
			return errors.New("the link is not ready five seconds after it was raised")
		}
	}
}

// furnish makes the sandbox's side: addresses, and the router as the way to
// everything.
func furnish(h *rt.Handle, s Slot, n uint32) error {
	if err := h.LinkSetUp(&rt.Dummy{LinkAttrs: rt.LinkAttrs{Index: loopback, Name: "lo"}}); err != nil {
		return fmt.Errorf("raise lo: %w", err)
	}
	eth, err := h.LinkByName(sandboxLink)
	if err != nil {
		return fmt.Errorf("find %s: %w", sandboxLink, err)
	}
	for _, a := range []*net.IPNet{ownNet(s.Addr4), ownNet(s.Addr6)} {
		if err := h.AddrAdd(eth, &rt.Addr{IPNet: a, Flags: unix.IFA_F_NODAD}); err != nil {
			return fmt.Errorf("address %s: %w", a, err)
		}
	}
	if err := h.LinkSetUp(eth); err != nil {
		return fmt.Errorf("raise %s: %w", sandboxLink, err)
	}
	for _, gateway := range []net.IP{s.Gateway4.AsSlice(), s.Gateway6.AsSlice()} {
		if err := h.NeighSet(neighbour(eth.Attrs().Index, gateway, hardware(n, 0))); err != nil {
			return fmt.Errorf("neighbour %s: %w", gateway, err)
		}
		if err := h.RouteAdd(&rt.Route{LinkIndex: eth.Attrs().Index, Gw: gateway}); err != nil {
			return fmt.Errorf("route by %s: %w", gateway, err)
		}
	}
	return ready(h, eth.Attrs().Index, s.Addr4, s.Addr6)
}

func neighbour(index int, ip net.IP, hw net.HardwareAddr) *rt.Neigh {
	return &rt.Neigh{LinkIndex: index, IP: ip, HardwareAddr: hw, State: rt.NUD_PERMANENT}
}

// missing says that a link is not there.
func missing(err error) bool {
	var not rt.LinkNotFoundError
	return errors.As(err, &not) || errors.Is(err, unix.ENODEV)
}
