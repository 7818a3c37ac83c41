package filter

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"

	"glovebox"
)

// Upstream finds the addresses of names. It is asked for names that a rule
// lists, in canonical form, and for no others.
type Upstream interface {
	// Lookup returns the IPv4 and IPv6 addresses of name, whatever aliases are
	// between, and how long they hold. No address and no error: there is no
	// such name, or it has no address. An error: nobody knows.
	Lookup(ctx context.Context, name string) (addrs []netip.Addr, ttl time.Duration, err error)
}

// Servers asks recursive resolvers, one after the other until one answers.
type Servers struct {
	file string // read again now and then, if there is one

	mu    sync.Mutex
	addrs []string
	until time.Time
}

// NewServers asks the resolvers at these "ADDRESS:PORT".
func NewServers(addrs ...string) *Servers { return &Servers{addrs: addrs} }

// HostServers asks the resolvers of the host, which may change.
func HostServers() (*Servers, error) { return ServersOf("/etc/resolv.conf") }

// ServersOf reads resolvers from a file such as /etc/resolv.conf, and again
// when it was read long ago.
func ServersOf(file string) (*Servers, error) {
	addrs, err := readServers(file)
	if err != nil {
		return nil, err
	}
	return &Servers{file: file, addrs: addrs}, nil
}

func readServers(file string) ([]string, error) {
	conf, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "read resolvers: %w", err)
	}
	var addrs []string
	for _, a := range conf.Servers {
		addrs = append(addrs, net.JoinHostPort(a, conf.Port))
	}
	if len(addrs) == 0 {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "%s names no resolver", file).Try("add a line: nameserver ADDRESS")
	}
	return addrs, nil
}

const serversHold = 30 * time.Second

// servers returns whom to ask. A file that cannot be read changes nothing.
func (s *Servers) servers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.file != "" && now.After(s.until) {
		if addrs, err := readServers(s.file); err == nil {
			s.addrs = addrs
		}
		s.until = now.Add(serversHold)
	}
	return s.addrs
}

const askTimeout = 2 * time.Second

// Lookup implements Upstream.
func (s *Servers) Lookup(ctx context.Context, name string) ([]netip.Addr, time.Duration, error) {
	type found struct {
		addrs []netip.Addr
		ttl   time.Duration
		err   error
	}
	six := make(chan found, 1)
	go func() {
		a, ttl, err := s.ask(ctx, name, dns.TypeAAAA)
		six <- found{a, ttl, err}
	}()
	addrs, ttl, err := s.ask(ctx, name, dns.TypeA)
	other := <-six
	if err != nil && other.err != nil {
		return nil, 0, err
	}
	switch {
	case err != nil || len(addrs) == 0 && len(other.addrs) > 0:
		ttl = other.ttl
	case len(other.addrs) > 0:
		ttl = min(ttl, other.ttl)
	}
	return append(addrs, other.addrs...), ttl, nil
}

func (s *Servers) ask(ctx context.Context, name string, kind uint16) ([]netip.Addr, time.Duration, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(maxUDP, false)
	err := errors.New("no resolver")
	udp := dns.Client{Net: "udp", Timeout: askTimeout, UDPSize: maxUDP}
	tcp := dns.Client{Net: "tcp", Timeout: askTimeout}
	for _, server := range s.servers() {
		var r *dns.Msg
		if r, _, err = udp.ExchangeContext(ctx, q, server); err == nil && r.Truncated {
			r, _, err = tcp.ExchangeContext(ctx, q, server)
		}
		if err != nil {
			continue
		}
		if r.Rcode == dns.RcodeNameError {
			return nil, 0, nil
		}
		if r.Rcode != dns.RcodeSuccess || len(r.Question) != 1 || r.Question[0] != q.Question[0] {
			err = errors.New("resolver answers " + dns.RcodeToString[r.Rcode])
			continue
		}
		addrs, ttl := flatten(r.Answer, q.Question[0])
		return addrs, ttl, nil
	}
	return nil, 0, err
}

const maxAliases = 16

// flatten follows the aliases of an answer from the name that was asked for,
// and returns the addresses at the end. Records of other names count for nothing.
func flatten(answer []dns.RR, q dns.Question) (addrs []netip.Addr, ttl time.Duration) {
	owner := dns.CanonicalName(q.Name)
	least := uint32(1 << 31)
	for range maxAliases {
		next := ""
		for _, rr := range answer {
			h := rr.Header()
			if h.Class != dns.ClassINET || dns.CanonicalName(h.Name) != owner {
				continue
			}
			var ip net.IP
			switch rr := rr.(type) {
			case *dns.CNAME:
				next = dns.CanonicalName(rr.Target)
			case *dns.A:
				ip = rr.A.To4()
			case *dns.AAAA:
				ip = rr.AAAA
			default:
				continue
			}
			least = min(least, h.Ttl)
			if a, ok := netip.AddrFromSlice(ip); ok && h.Rrtype == q.Qtype {
				addrs = append(addrs, a)
			}
		}
		if len(addrs) > 0 || next == "" {
			break
		}
		owner = next
	}
	if len(addrs) == 0 {
		return nil, 0
	}
	return addrs, time.Duration(least) * time.Second
}
