package filter

import (
	"net/netip"
	"time"

	"glovebox"
)

// choice is what a connection may be: the rules that could let it through, all
// for one name ("" for rules about an address) and one protocol.
type choice struct {
	name  string
	rules []*rule
}

// protocols is a set of what a connection may be.
type protocols uint8

const (
	mayTLS protocols = 1 << iota
	mayHTTP
	mayTCP
	mayAny // observed
)

func (r *rule) protocols() protocols {
	switch {
	case r.any:
		return mayAny
	case r.Protocol == glovebox.EgressTLS:
		return mayTLS
	case r.Protocol == glovebox.EgressHTTP:
		return mayHTTP
	}
	return mayTCP
}

// speaks returns what a connection to dst may be, by the names that dst was
// answered for and by the rules for the address. It stops at the first names
// that together open all the rules have for the port.
func (s *slot) speaks(dst netip.AddrPort, now time.Time) protocols {
	all := s.m.spoken[dst.Port()]
	if s.m.observe != nil {
		all |= mayAny
	}
	var found protocols
	for _, r := range s.m.opens("", dst) {
		found |= r.protocols()
	}
	for name, until := range s.known[dst.Addr()] {
		if found == all {
			break
		}
		if now.Before(until) {
			for _, r := range s.m.opens(name, dst) {
				found |= r.protocols()
			}
		}
	}
	return found
}

// choose returns the rules of a protocol for a connection to dst that says it
// is for name: name was answered with dst, or dst itself is in a rule.
func (s *slot) choose(dst netip.AddrPort, proto, name string, now time.Time) (choice, bool) {
	if until, ok := s.known[dst.Addr()][name]; ok && now.Before(until) {
		if rs := of(proto, s.m.opens(name, dst)); len(rs) > 0 {
			return choice{name, rs}, true
		}
	}
	rs := of(proto, s.m.opens("", dst))
	return choice{"", rs}, len(rs) > 0
}

// chooseAny is choose for bytes that name nothing: the first name in the
// alphabet that fits.
func (s *slot) chooseAny(dst netip.AddrPort, now time.Time) (choice, bool) {
	var best choice
	for name, until := range s.known[dst.Addr()] {
		if now.Before(until) && (best.name == "" || name < best.name) {
			if rs := of(glovebox.EgressTCP, s.m.opens(name, dst)); len(rs) > 0 {
				best = choice{name, rs}
			}
		}
	}
	if best.name == "" {
		best.rules = of(glovebox.EgressTCP, s.m.opens("", dst))
	}
	return best, len(best.rules) > 0
}

// opens returns the rules that let name be reached at dst. A name of "" stands
// for the address itself. What observing adds is the last of them.
func (m *matcher) opens(name string, dst netip.AddrPort) []*rule {
	all := m.at(name, dst.Port())
	if name == "" {
		all = m.address(dst)
	}
	if len(all) == 1 && m.observe == nil && all[0].reaches(dst.Addr()) {
		return all
	}
	var rs []*rule
	for _, r := range all {
		if r.reaches(dst.Addr()) {
			rs = append(rs, r)
		}
	}
	if m.observe != nil && name != "" && m.observe.reaches(dst.Addr()) {
		rs = append(rs, m.observe)
	}
	return rs
}

// of returns the rules for a protocol.
func of(proto string, all []*rule) []*rule {
	fits := func(r *rule) bool { return r.Protocol == proto || r.any }
	if len(all) == 1 && fits(all[0]) {
		return all
	}
	var rs []*rule
	for _, r := range all {
		if fits(r) {
			rs = append(rs, r)
		}
	}
	return rs
}

// unread returns a rule that lets bytes through without reading them. Where a
// rule says that they are to be read, they are, though all is observed.
func (c choice) unread() *rule {
	var observed *rule
	for _, r := range c.rules {
		switch {
		case r.any:
			observed = r
		case !r.reads():
			return r
		}
	}
	if len(c.rules) > 1 {
		return nil
	}
	return observed
}

// request is what a rule with methods and paths looks at.
type request struct {
	host   string // canonical name; "" if none
	method string
	clean  string // by cleanPath
	odd    bool   // an upgrade, which leaves what can be read
}

// allow returns the rule that lets r through, or why none does.
func (c choice) allow(r request) (*rule, string) {
	reason := glovebox.NetNoRule
	for _, rule := range c.rules {
		switch {
		case r.odd && rule.reads():
			reason = glovebox.NetProtocol
		case rule.allows(r.method, r.clean):
			return rule, ""
		default:
			reason = glovebox.NetMethod
		}
	}
	return nil, reason
}
