package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"glovebox/e2e/internet/places"
)

// allowed is no attack: it is what the job's policy names, and it must work.
func allowed(o options) {
	run([]trial{
		{name: "http by name", do: func() (string, error) { return o.byName(places.Allowed, places.PortHTTP) }},
		{name: "tls by name", do: func() (string, error) { return o.byName(places.Allowed, places.PortTLS) }},
		{name: "tcp by name", do: func() (string, error) { return o.byName(places.Allowed, places.PortSSH) }},
	})
}

// policy is for a job that may reach Allowed, and some names that are not what
// they seem: to get more out of that than was meant.
func policy(o options) []trial {
	var all []trial
	add := func(family int, name string, do func() (string, error)) {
		all = append(all, trial{family: family, name: name, do: do})
	}
	for _, c := range tunnels {
		add(1, "dns tunnel: "+c.what, func() (string, error) { return o.tunnel(c.name, c.kind) })
	}
	toAllowed := func(port int, f func(net.Conn) (string, error)) func() (string, error) {
		return func() (string, error) { return o.connected(port, f) }
	}
	for _, name := range []string{places.Neighbour, places.Elsewhere, places.Allowed + ".evil.example", ""} {
		add(1, "server name is "+quoted(name), toAllowed(places.PortTLS, func(c net.Conn) (string, error) {
			return overTLS(c, &tls.Config{ServerName: name, InsecureSkipVerify: true}, places.Allowed)
		}))
	}
	for _, h := range hosts {
		add(h.family, "request: "+h.what, toAllowed(places.PortHTTP, func(c net.Conn) (string, error) { return exchange(c, h.text) }))
	}
	for _, name := range []string{places.Elsewhere, places.Mixed, places.Alias, places.Loop, places.Inside, places.Mapped, places.Host} {
		add(2, "name that leads elsewhere: "+name, func() (string, error) { return o.astray(name) })
	}
	for what, to := range map[string]string{
		"an unlisted host": "http://" + places.Elsewhere + "/", "the metadata service": "http://" + places.Metadata + "/",
		"a private network": "http://" + places.Private + "/",
	} {
		add(2, "redirect to "+what, func() (string, error) { return o.redirected(to) })
	}
	add(2, "rebinding", o.rebind)
	add(1, "another port of the allowed host", func() (string, error) { return o.byName(places.Allowed, places.PortEcho) })
	return all
}

func quoted(name string) string {
	if name == "" {
		return "missing"
	}
	return name
}

// connected is a connection to the allowed host's port.
func (o options) connected(port int, f func(net.Conn) (string, error)) (string, error) {
	addrs, err := o.lookup(places.Allowed)
	for _, a := range addrs {
		var c net.Conn
		if c, err = net.DialTimeout("tcp", at(a, port), dialTime); err == nil {
			defer c.Close()
			return f(c)
		}
	}
	return "", fmt.Errorf("not even connected: %w", err)
}

// tunnel asks every resolver that there is, by both transports.
func (o options) tunnel(name string, kind uint16) (string, error) {
	err := errors.New("there is no resolver")
	for _, r := range o.resolvers() {
		for _, network := range []string{"udp", "tcp"} {
			var got string
			if got, err = ask(network, r, name, kind); err == nil {
				return got, nil
			}
		}
	}
	return "", err
}

// astray reaches for whatever a name leads to, apart from the allowed address.
func (o options) astray(name string) (string, error) {
	addrs, err := o.lookup(name)
	if err != nil {
		return "", err
	}
	err = fmt.Errorf("it leads to %s", strings.Join(addrs, " "))
	for _, a := range addrs {
		for _, port := range []int{places.PortHTTP, places.PortService} {
			if a == places.Allowed4 || a == places.Allowed6 {
				continue
			}
			if got, err := tcp(at(a, port)); err == nil {
				return got + " at " + a, nil
			}
		}
	}
	return "", err
}

// redirected follows where the allowed host sends it.
func (o options) redirected(to string) (string, error) {
	first := false
	client := http.Client{Transport: o.transport(), Timeout: 4 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		first = true
		return nil
	}}
	answer, err := client.Get("http://" + places.Allowed + "/?to=" + to)
	if err != nil {
		if !first {
			return "", fmt.Errorf("not even redirected: %w", err)
		}
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && !strings.Contains(string(body), places.Reached) {
		err = errors.New("another answered")
	}
	return "followed to " + answer.Request.URL.Host, err
}

// rebind has its own name point at the metadata service once it was let
// through, and goes on using the name.
func (o options) rebind() (string, error) {
	if _, err := o.byName(places.Rebinding, places.PortHTTP); err != nil {
		return "", fmt.Errorf("not even before: %w", err)
	}
	// Its server is told that it may begin.
	if _, err := o.fetch(places.Rebinding, "/rebind"); err != nil {
		return "", fmt.Errorf("not even told: %w", err)
	}
	err := errors.New("it stays where it was")
	for end := time.Now().Add(8 * time.Second); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		got, failed := o.byName(places.Rebinding, places.PortHTTP)
		if failed == nil && strings.Contains(got, places.Metadata) {
			return got, nil
		}
		if failed != nil {
			err = failed
		}
	}
	return "", err
}
