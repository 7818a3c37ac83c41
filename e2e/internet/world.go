package internet

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"

	"glovebox/e2e/internet/places"
)

// World is both namespaces and what listens in them.
type World struct {
	Host   *Namespace // where the thing under test is started
	Ledger *Ledger    // what reached a server, or the host
	CA     *Authority // of the world's TLS servers

	world   *Namespace
	names   *zone
	closers []func()
}

// New makes a world. It needs root.
func New() (*World, error) {
	w := &World{Ledger: &Ledger{}, names: newZone()}
	if err := w.make(); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (w *World) make() error {
	var err error
	if w.Host, err = newNamespace(); err != nil {
		return err
	}
	if w.world, err = newNamespace(); err != nil {
		return err
	}
	if w.CA, err = newAuthority(); err != nil {
		return err
	}
	if err := w.connect(); err != nil {
		return err
	}
	if err := w.world.Do(w.watch); err != nil {
		return err
	}
	if err := w.world.Do(w.serveWorld); err != nil {
		return fmt.Errorf("the world's servers: %w", err)
	}
	if err := w.Host.Do(w.serveHost); err != nil {
		return fmt.Errorf("the host's services: %w", err)
	}
	return nil
}

// connect joins the two, and gives them their addresses. Whatever the host has
// no address for goes to the world, also link-local addresses.
func (w *World) connect() error {
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: "uplink", MTU: 1500}, PeerName: "host",
		PeerNamespace: netlink.NsFd(int(w.world.fd)),
	}
	if err := w.Host.link.LinkAdd(pair); err != nil {
		return fmt.Errorf("join the namespaces: %w", err)
	}
	var world []string
	for _, a := range []string{places.Resolver, places.Allowed4, places.Other4, places.Foreign, places.Private, places.Metadata, places.Task, places.Alibaba} {
		world = append(world, a+"/32")
	}
	// The last are IPv6 addresses with 169.254.169.254 in them.
	for _, a := range []string{places.Allowed6, places.Other6, places.Metadata6, "::a9fe:a9fe", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"} {
		world = append(world, a+"/128")
	}
	if err := errors.Join(
		w.Host.give("uplink", places.Host4+"/24", places.Host6+"/64"), w.Host.give("lo", places.HostLAN+"/32"),
		w.world.give("host", places.Uplink4+"/24", places.Uplink6+"/64"), w.world.give("lo", world...),
	); err != nil {
		return err
	}
	for _, via := range []string{places.Uplink4, places.Uplink6} {
		if err := w.Host.link.RouteAdd(&netlink.Route{Gw: net.ParseIP(via)}); err != nil {
			return fmt.Errorf("the host's way out by %s: %w", via, err)
		}
	}
	return nil
}

// Close ends the servers. The namespaces are gone when nothing that was started
// in them is left.
func (w *World) Close() {
	for _, f := range w.closers {
		f()
	}
	for _, n := range []*Namespace{w.Host, w.world} {
		if n != nil {
			n.close()
		}
	}
}
