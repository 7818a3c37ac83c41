package filter

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"glovebox"
)

// maxAnswer bounds the addresses of one answer.
const maxAnswer = 16

// maxUDP is the greatest answer over UDP to who says it can take more than 512.
const maxUDP = 1232

// acceptQuestion lets nothing but plain questions be parsed.
func acceptQuestion(h dns.Header) dns.MsgAcceptAction {
	const response, opcode = 1 << 15, 0xF << 11
	switch {
	case h.Bits&response != 0:
		return dns.MsgIgnore
	case h.Bits&opcode != 0:
		return dns.MsgRejectNotImplemented
	case h.Qdcount != 1 || h.Ancount != 0 || h.Nscount != 0 || h.Arcount > 2:
		return dns.MsgReject
	}
	return dns.MsgAccept
}

// ServeDNS implements dns.Handler. Who has no slot gets no answer.
func (f *filter) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	s := f.slotOf(addrOf(w.RemoteAddr()).Addr())
	if s == nil || len(q.Question) != 1 || !s.enter() {
		w.Close()
		return
	}
	defer s.wg.Done()
	proto := "udp"
	if _, ok := w.RemoteAddr().(*net.TCPAddr); ok {
		proto = "tcp"
	}
	e := glovebox.NetEvent{Type: glovebox.NetDNS, Proto: proto, Name: strings.TrimSuffix(q.Question[0].Name, ".")}
	answer := f.answer(s, q, &e)
	size := dns.MaxMsgSize
	if proto == "udp" {
		size = dns.MinMsgSize
	}
	if opt := q.IsEdns0(); opt != nil {
		answer.SetEdns0(maxUDP, false)
		if opt.Version() != 0 {
			answer.Answer, answer.Rcode = nil, dns.RcodeBadVers
		}
		if proto == "udp" {
			size = min(max(int(opt.UDPSize()), dns.MinMsgSize), maxUDP)
		}
	}
	answer.Truncate(size)
	s.tell(e)
	w.WriteMsg(answer)
}

// answer decides about a question and fills in e. Upstream is asked only for
// the addresses of a name that a rule lists.
func (f *filter) answer(s *slot, q *dns.Msg, e *glovebox.NetEvent) *dns.Msg {
	a := new(dns.Msg)
	a.SetReply(q)
	a.RecursionAvailable = true
	refuse := func(rcode int, reason string) *dns.Msg {
		a.Rcode, e.Reason = rcode, reason
		return a
	}
	if !s.asks.Allow() {
		return refuse(dns.RcodeRefused, glovebox.NetLimit)
	}
	ask := q.Question[0]
	name, ok := canonical(ask.Name)
	s.mu.RLock()
	ok = ok && s.m.lists(name)
	s.mu.RUnlock()
	if !ok {
		return refuse(dns.RcodeNameError, glovebox.NetNoRule)
	}
	if ask.Qclass != dns.ClassINET {
		return refuse(dns.RcodeRefused, glovebox.NetProtocol)
	}
	if ask.Qtype != dns.TypeA && ask.Qtype != dns.TypeAAAA {
		return refuse(dns.RcodeSuccess, glovebox.NetProtocol) // the name is there, that type is not
	}
	e.Allowed, e.Name = true, name
	if ask.Qtype == dns.TypeAAAA && !s.six {
		return a
	}
	ctx, cancel := context.WithTimeout(s.ctx, lookupLimit)
	defer cancel()
	all, ttl, err := f.cache.lookup(ctx, name)
	if err != nil {
		return refuse(dns.RcodeServerFailure, glovebox.NetFailed)
	}
	if len(all) == 0 {
		return refuse(dns.RcodeNameError, "")
	}
	good, reason := f.usable(s, name, all, ask.Qtype == dns.TypeAAAA)
	if len(good) == 0 && reason != "" {
		e.Allowed = false
		return refuse(dns.RcodeNameError, reason)
	}
	if len(good) == 0 {
		return a
	}
	opened, err := s.pin(ctx, name, good, ttl)
	if glovebox.KindOf(err) == glovebox.KindTooMany {
		e.Allowed = false
		return refuse(dns.RcodeRefused, glovebox.NetLimit)
	}
	if err != nil {
		return refuse(dns.RcodeServerFailure, glovebox.NetFailed)
	}
	fill(a, ask, opened, ttl)
	texts := make([]string, len(opened))
	for i, o := range opened {
		texts[i] = o.String()
	}
	e.Address = strings.Join(texts, ",")
	e.Rule = s.ruleFor(name)
	return a
}

// usable returns the addresses of a family that the slot may have for name. A
// reason says that one was left out, and why.
func (f *filter) usable(s *slot, name string, all []netip.Addr, six bool) (good []netip.Addr, reason string) {
	s.mu.RLock()
	m := s.m
	s.mu.RUnlock()
	for _, a := range all {
		switch {
		case f.forbidden(a):
			reason = glovebox.NetForbidden
		case a.Is6() != six:
		case len(m.ports(name, a)) == 0:
			if reason == "" {
				reason = glovebox.NetPrivate
			}
		case len(good) < maxAnswer && (!six || f.routed(a)):
			good = append(good, a)
		}
	}
	return good, reason
}

// ruleFor returns the name of the first rule for a DNS name.
func (s *slot) ruleFor(name string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	exact, wild := s.m.named(name)
	switch {
	case len(exact) > 0:
		return exact[0].name
	case len(wild) > 0:
		return wild[0].name
	case s.m.observe != nil:
		return s.m.observe.name
	}
	return ""
}

// fill puts the addresses in the answer, for the name as it was spelled, with
// no word about aliases.
func fill(a *dns.Msg, q dns.Question, addrs []netip.Addr, ttl time.Duration) {
	for _, addr := range addrs {
		h := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: uint32(ttl / time.Second)}
		if addr.Is4() {
			a.Answer = append(a.Answer, &dns.A{Hdr: h, A: addr.AsSlice()})
		} else {
			a.Answer = append(a.Answer, &dns.AAAA{Hdr: h, AAAA: addr.AsSlice()})
		}
	}
}

// routed says whether the host has a way to a. Without one, a client would take
// an address that cannot work over one that does, as the proxy is what accepts.
func routed(a netip.Addr) bool {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 53))) // sends nothing
	if err != nil {
		return false
	}
	c.Close()
	return true
}
