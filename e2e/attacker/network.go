package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"glovebox/e2e/internet/places"
)

// network is family 1: everything that is not on a list, in every way that
// packets can be made.
func network(o options) []trial {
	var all []trial
	add := func(name string, do func() (string, error)) { all = append(all, trial{family: 1, name: name, do: do}) }
	for _, to := range []string{
		at(places.Other4, places.PortHTTP), at(places.Other4, places.PortTLS), at(places.Other4, places.PortSSH), at(places.Other4, places.PortEcho),
		at(places.Other6, places.PortHTTP), at(places.Other6, places.PortTLS), "[::ffff:" + places.Other4 + "]:80",
		at(places.Private, places.PortHTTP), at(places.Uplink4, places.PortHTTP), at(places.Uplink6, places.PortHTTP),
		at(places.Host4, places.PortService), at(places.Host6, places.PortService), at(places.HostLAN, places.PortService),
		at(places.Host4, places.PortControl), at(places.HostLAN, places.PortControl),
		at("127.0.0.1", places.PortLocal), at("::1", places.PortLocal), "[::ffff:127.0.0.1]:8101",
		at("127.0.0.1", places.PortService), at("127.0.0.1", places.PortControl), at("0.0.0.0", places.PortService), at("::", places.PortService),
	} {
		add("tcp "+to, func() (string, error) { return tcp(to) })
	}
	for _, to := range []string{
		at(places.Other4, places.PortEcho), at(places.Other6, places.PortEcho), at(places.Private, places.PortEcho), at(places.Host4, places.PortService),
		at(places.Allowed4, places.PortTLS), at(places.Allowed6, places.PortTLS), at(places.Other4, places.PortTLS),
	} {
		add("udp "+to, func() (string, error) { return udp(to, "attack") })
	}
	for _, r := range []string{places.Resolver, places.Foreign} {
		for _, network := range []string{"udp", "tcp"} {
			add("dns by "+network+" to "+r, func() (string, error) { return ask(network, r, "direct."+places.Tunnel, dns.TypeTXT) })
		}
	}
	add("icmp", func() (string, error) { return ping(places.Other4) })
	add("icmp v6", func() (string, error) { return ping(places.Other6) })
	add("abstract socket", func() (string, error) { return unixSocket(places.Abstract) })
	add("unix sockets in the file system", func() (string, error) { return o.unixSockets() })
	add("neighbours by scan", o.scanNeighbours)
	for _, to := range o.targets {
		add("told address of another sandbox "+to, func() (string, error) { return tcp(to) })
	}
	return append(all, blind()...)
}

func unixSocket(path string) (string, error) {
	c, err := net.DialTimeout("unix", path, dialTime)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return path + " accepts", nil
}

// unixSockets connects to every socket that can be seen.
func (o options) unixSockets() (string, error) {
	var found []string
	_ = filepath.WalkDir(o.find, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fs.SkipDir
		case d.IsDir() && (path == "/proc" || path == "/sys"):
			return fs.SkipDir
		case d.Type()&fs.ModeSocket != 0:
			if _, err := unixSocket(path); err == nil {
				found = append(found, path)
			}
		}
		return nil
	})
	if len(found) == 0 {
		return "", errors.New("none")
	}
	return strings.Join(found, " "), nil
}

// scanNeighbours looks for a service at the addresses around its own ones.
func (o options) scanNeighbours() (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	var near []string
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		down, up := p.Addr(), p.Addr().Next()
		for range 24 {
			near = append(near, down.String(), up.String())
			down, up = down.Prev(), up.Next()
		}
	}
	var mu sync.Mutex
	var found []string
	var wg sync.WaitGroup
	for _, a := range near {
		wg.Go(func() {
			c, err := net.DialTimeout("tcp", at(a, places.PortVictim), time.Second)
			if err != nil {
				return
			}
			defer c.Close()
			if _, err := exchange(c, ""); err == nil {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, a)
			}
		})
	}
	wg.Wait()
	if len(found) == 0 {
		return "", fmt.Errorf("none of %d addresses", len(near))
	}
	return strings.Join(found, " "), nil
}
