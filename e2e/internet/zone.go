package internet

import (
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"glovebox/e2e/internet/places"
)

// zone answers for all names there are.
type zone struct {
	mu    sync.Mutex
	addrs map[string][]netip.Addr
}

func newZone() *zone {
	z := &zone{addrs: map[string][]netip.Addr{}}
	for name, addrs := range map[string][]string{
		places.Allowed:             {places.Allowed4, places.Allowed6},
		places.Neighbour:           {places.Allowed4, places.Allowed6},
		places.Elsewhere:           {places.Other4, places.Other6},
		places.Rebinding:           {places.Allowed4},
		places.Mixed:               {places.Metadata, places.Allowed4},
		places.Inside:              {places.Private},
		places.Loop:                {"127.0.0.1", "::1"},
		places.Host:                {places.Host4},
		places.Mapped:              {"::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", places.Metadata6},
		"metadata.example":         {places.Metadata},
		"metadata.google.internal": {places.Metadata},
		"metadata":                 {places.Metadata},
		"instance-data":            {places.Metadata},
		"169.254.169.254.nip.io":   {places.Metadata},
	} {
		z.set(name, addrs...)
	}
	return z
}

func (z *zone) set(name string, addrs ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.addrs[name] = nil
	for _, a := range addrs {
		z.addrs[name] = append(z.addrs[name], netip.MustParseAddr(a))
	}
}

// Point makes a name lead elsewhere from now on, as who owns a name can.
func (w *World) Point(name string, addrs ...string) { w.names.set(name, addrs...) }

// answer is what an accommodating resolver says. TTLs are 0, so that who asks
// again hears what is new.
func (z *zone) answer(q *dns.Msg) *dns.Msg {
	a := new(dns.Msg)
	a.SetReply(q)
	a.RecursionAvailable = true
	if len(q.Question) != 1 {
		a.Rcode = dns.RcodeFormatError
		return a
	}
	ask := q.Question[0]
	name := strings.ToLower(strings.TrimSuffix(ask.Name, "."))
	head := func(t uint16) dns.RR_Header { return dns.RR_Header{Name: ask.Name, Rrtype: t, Class: dns.ClassINET} }
	if name == places.Alias {
		a.Answer = append(a.Answer, &dns.CNAME{Hdr: head(dns.TypeCNAME), Target: "metadata.example."})
		name = "metadata.example"
	}
	z.mu.Lock()
	addrs, known := z.addrs[name]
	z.mu.Unlock()
	tunnel := name == places.Tunnel || strings.HasSuffix(name, "."+places.Tunnel) || strings.HasSuffix(name, "."+places.Allowed)
	switch {
	case ask.Qtype == dns.TypeTXT && (tunnel || known):
		a.Answer = append(a.Answer, &dns.TXT{Hdr: head(dns.TypeTXT), Txt: []string{places.Reached}})
	case ask.Qtype == dns.TypeNULL && (tunnel || known):
		a.Answer = append(a.Answer, &dns.NULL{Hdr: head(dns.TypeNULL), Data: places.Reached})
	case ask.Qtype == dns.TypeMX && tunnel:
		a.Answer = append(a.Answer, &dns.MX{Hdr: head(dns.TypeMX), Mx: places.Elsewhere + "."})
	case (ask.Qtype == dns.TypeCNAME || ask.Qtype == dns.TypeANY) && tunnel:
		a.Answer = append(a.Answer, &dns.CNAME{Hdr: head(dns.TypeCNAME), Target: places.Elsewhere + "."})
	case ask.Qtype == dns.TypeA && tunnel:
		addrs = []netip.Addr{netip.MustParseAddr(places.Other4)}
	case !known && !tunnel:
		a.Rcode = dns.RcodeNameError
	}
	for _, addr := range addrs {
		switch {
		case ask.Qtype == dns.TypeA && addr.Is4():
			a.Answer = append(a.Answer, &dns.A{Hdr: head(dns.TypeA), A: addr.AsSlice()})
		case ask.Qtype == dns.TypeAAAA && addr.Is6():
			b := addr.As16()
			a.Answer = append(a.Answer, &dns.AAAA{Hdr: head(dns.TypeAAAA), AAAA: b[:]})
		}
	}
	return a
}
