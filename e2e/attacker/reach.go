package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"glovebox/e2e/internet/places"
)

const (
	dialTime   = 1500 * time.Millisecond
	answerTime = 1500 * time.Millisecond
	packetTime = 700 * time.Millisecond
)

// at joins an address and a port.
func at(addr string, port int) string { return net.JoinHostPort(addr, strconv.Itoa(port)) }

// tcp connects and speaks what belongs to the port, until the canary answers.
func tcp(to string) (string, error) {
	c, err := dial(to)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return speak(c, to, places.Allowed)
}

// dial connects; to what is written as a mapped address, by a socket of IPv6.
func dial(to string) (net.Conn, error) {
	if !strings.HasPrefix(to, "[::ffff:") {
		return net.DialTimeout("tcp", to, dialTime)
	}
	a, err := netip.ParseAddrPort(to)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	limit := unix.NsecToTimeval(dialTime.Nanoseconds())
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit)
	f := os.NewFile(uintptr(fd), to)
	defer f.Close()
	if err := unix.Connect(fd, &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}); err != nil {
		return nil, err
	}
	return net.FileConn(f)
}

// speak talks HTTP or TLS to the ports where these are at home, and otherwise
// waits for a greeting. host is the name to say.
func speak(c net.Conn, to, host string) (string, error) {
	_, port, _ := net.SplitHostPort(to)
	switch port {
	case strconv.Itoa(places.PortTLS):
		return overTLS(c, &tls.Config{ServerName: host, InsecureSkipVerify: true}, host)
	case strconv.Itoa(places.PortHTTP):
		return exchange(c, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
	}
	return exchange(c, "")
}

// overTLS asks for a page through TLS.
func overTLS(c net.Conn, config *tls.Config, host string) (string, error) {
	_ = c.SetDeadline(time.Now().Add(answerTime))
	secure := tls.Client(c, config)
	if err := secure.Handshake(); err != nil {
		return "", err
	}
	return exchange(secure, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
}

// exchange sends a text and reads until the canary has answered.
func exchange(c net.Conn, text string) (string, error) {
	_ = c.SetDeadline(time.Now().Add(answerTime))
	if _, err := io.WriteString(c, text); err != nil {
		return "", err
	}
	var got bytes.Buffer
	buf := make([]byte, 4096)
	for got.Len() < 1<<16 {
		n, err := c.Read(buf)
		got.Write(buf[:n])
		if bytes.Contains(got.Bytes(), []byte(places.Reached)) {
			return "it answered", nil
		}
		if err != nil {
			return "", fmt.Errorf("connected, then: %w (%.60q)", err, got.String())
		}
	}
	return "", errors.New("connected; another answered")
}

// udp sends a datagram and waits for the canary's.
func udp(to, text string) (string, error) {
	c, err := net.DialTimeout("udp", to, dialTime)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(packetTime))
	if _, err := io.WriteString(c, text); err != nil {
		return "", err
	}
	buf := make([]byte, 2048)
	n, err := c.Read(buf)
	if err != nil {
		return "", err
	}
	if !bytes.Contains(buf[:n], []byte(places.Reached)) {
		return "", fmt.Errorf("another answered: %q", buf[:n])
	}
	return "it answered", nil
}

// resolvers are where to ask for names: the one that was told, or what
// /etc/resolv.conf has.
func (o options) resolvers() []string {
	if o.resolver != "" {
		return []string{o.resolver}
	}
	f, err := os.Open("/etc/resolv.conf")
	if err != nil {
		return nil
	}
	defer f.Close()
	var all []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) > 1 && f[0] == "nameserver" {
			all = append(all, f[1])
		}
	}
	return all
}

// ask sends one question to one resolver and returns the answers as text.
func ask(network, resolver, name string, kind uint16) (string, error) {
	c := dns.Client{Net: network, Timeout: packetTime}
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	a, _, err := c.Exchange(q, at(resolver, 53))
	if err != nil {
		return "", err
	}
	if len(a.Answer) == 0 {
		return "", fmt.Errorf("%s, no answer", dns.RcodeToString[a.Rcode])
	}
	var all []string
	for _, r := range a.Answer {
		all = append(all, r.String())
	}
	return strings.Join(all, "; "), nil
}

// lookup asks as programs do and returns the addresses of a name.
func (o options) lookup(name string) ([]string, error) {
	err := errors.New("there is no resolver")
	for _, r := range o.resolvers() {
		resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, at(r, 53))
		}}
		ctx, cancel := context.WithTimeout(context.Background(), dialTime)
		defer cancel()
		var addrs []string
		if addrs, err = resolver.LookupHost(ctx, name+"."); err == nil {
			return addrs, nil
		}
	}
	return nil, err
}

// byName resolves a name and tries each of its addresses.
func (o options) byName(name string, port int) (string, error) {
	addrs, err := o.lookup(name)
	if err != nil {
		return "", err
	}
	for _, a := range addrs {
		var c net.Conn
		if c, err = net.DialTimeout("tcp", at(a, port), dialTime); err != nil {
			continue
		}
		defer c.Close()
		var got string
		if got, err = speak(c, at(a, port), name); err == nil {
			return got + " at " + a, nil
		}
	}
	return "", err
}
