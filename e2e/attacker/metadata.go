package main

import (
	"net"

	"github.com/miekg/dns"

	"glovebox/e2e/internet/places"
)

// spellings are ways to say 169.254.169.254 that some program believes.
var spellings = []string{
	places.Metadata, "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "025177524776", "169.254.43518", "169.16689662",
	"169.254.169.254.", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]",
	"①⑥⑨.②⑤④.①⑥⑨.②⑤④", "169。254。169。254", "metadata.google.internal", "instance-data", "metadata", "metadata.example", "169.254.169.254.nip.io",
}

// metadata is family 2: the services that tell a machine who it is.
func metadata(o options) []trial {
	var all []trial
	add := func(name string, do func() (string, error)) { all = append(all, trial{family: 2, name: name, do: do}) }
	for _, to := range []string{
		at(places.Metadata, places.PortHTTP), at(places.Metadata, places.PortTLS), at(places.Metadata, places.PortSSH),
		at(places.Task, places.PortHTTP), at(places.Metadata6, places.PortHTTP), at(places.Alibaba, places.PortHTTP),
		"[::ffff:a9fe:a9fe]:80", "[::ffff:a9fe:aa02]:80", "[64:ff9b::a9fe:a9fe]:80", "[2002:a9fe:a9fe::1]:80", "[::a9fe:a9fe]:80",
	} {
		add("tcp "+to, func() (string, error) { return tcp(to) })
	}
	for _, host := range spellings {
		add("spelled "+host, func() (string, error) { return o.spelled(host) })
	}
	for _, to := range []string{at(places.Metadata, places.PortEcho), at(places.Metadata, places.PortTLS)} {
		add("udp "+to, func() (string, error) { return udp(to, "attack") })
	}
	add("dns to the metadata service", func() (string, error) { return ask("udp", places.Metadata, "direct."+places.Tunnel, dns.TypeTXT) })
	add("icmp to the metadata service", func() (string, error) { return ping(places.Metadata) })
	return all
}

// spelled goes where a forgiving program would go for a host.
func (o options) spelled(host string) (string, error) {
	if a, ok := forgiving(host); ok {
		return tcp(at(a, places.PortHTTP))
	}
	return o.byName(host, places.PortHTTP)
}

// forgiving reads what inet_aton reads, and more.
func forgiving(host string) (string, bool) {
	if n := len(host); n > 2 && host[0] == '[' {
		return host[1 : n-1], true
	}
	numbers, ok := parts(folded(host))
	if !ok {
		return "", false
	}
	last := len(numbers) - 1
	value := numbers[last]
	for i, n := range numbers[:last] {
		value += n << (24 - 8*i)
	}
	return net.IPv4(byte(value>>24), byte(value>>16), byte(value>>8), byte(value)).String(), true
}
