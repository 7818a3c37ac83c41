package main

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/miekg/dns"

	"glovebox/e2e/internet/places"
)

// hosts are requests that lead a proxy, or the server behind it, elsewhere.
var hosts = []struct {
	family     int
	what, text string
}{
	{1, "another host", "GET / HTTP/1.1\r\nHost: " + places.Elsewhere + "\r\n\r\n"},
	{1, "the host's neighbour on that server", "GET / HTTP/1.1\r\nHost: " + places.Neighbour + "\r\n\r\n"},
	{1, "no host", "GET / HTTP/1.0\r\n\r\n"},
	{1, "absolute address of another", "GET http://" + places.Elsewhere + "/ HTTP/1.1\r\nHost: " + places.Allowed + "\r\n\r\n"},
	{2, "absolute address of the metadata service", "GET http://" + places.Metadata + "/latest/meta-data/ HTTP/1.1\r\nHost: " + places.Metadata + "\r\n\r\n"},
	{2, "metadata service as host", "GET / HTTP/1.1\r\nHost: " + places.Metadata + "\r\n\r\n"},
	{2, "metadata service in decimal as host", "GET / HTTP/1.1\r\nHost: 2852039166\r\n\r\n"},
	{2, "connect to the metadata service", "CONNECT " + places.Metadata + ":80 HTTP/1.1\r\nHost: " + places.Metadata + ":80\r\n\r\n"},
}

// tunnels are questions that carry something out.
var tunnels = []struct {
	what, name string
	kind       uint16
}{
	{"TXT", "a." + places.Tunnel, dns.TypeTXT}, {"NULL", "b." + places.Tunnel, dns.TypeNULL}, {"address", "c." + places.Tunnel, dns.TypeA},
	{"long labels", hex.EncodeToString([]byte("everything I know about you 1")) + "." + hex.EncodeToString([]byte("everything I know about you 2")) + "." + places.Tunnel, dns.TypeA},
	{"CNAME", "d." + places.Tunnel, dns.TypeCNAME}, {"MX", "e." + places.Tunnel, dns.TypeMX}, {"ANY", "f." + places.Tunnel, dns.TypeANY},
	{"TXT of an allowed name", places.Allowed, dns.TypeTXT}, {"NULL of an allowed name", places.Allowed, dns.TypeNULL},
	{"below an allowed name", "secret." + places.Allowed, dns.TypeA}, {"0x20 in another's name", "SeCrEt." + places.Tunnel, dns.TypeA},
}

// transport resolves names as lookup does, and connects to the first address.
func (o options) transport() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		addrs := []string{host}
		if net.ParseIP(host) == nil {
			if addrs, err = o.lookup(host); err != nil {
				return nil, err
			}
		}
		return (&net.Dialer{Timeout: dialTime}).DialContext(ctx, network, net.JoinHostPort(addrs[0], port))
	}}
}

// fetch gets a page and does not follow it.
func (o options) fetch(host, path string) (string, error) {
	client := http.Client{Transport: o.transport(), Timeout: 4 * time.Second}
	answer, err := client.Get("http://" + host + path)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}
