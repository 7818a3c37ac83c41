package filter

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"glovebox"
)

// rule is one line of a policy, ready to be asked. It does not change.
type rule struct {
	glovebox.EgressRule
	name   string // for events
	prefix netip.Prefix
	budget *budget
	any    bool // every public name, port and protocol: what observing adds
}

// matcher finds the rules for a name or address in time that does not grow
// with their number.
type matcher struct {
	exact   map[string][]*rule   // by domain
	spoken  map[uint16]protocols // by port
	parents map[string][]*rule   // wildcards, by what is behind "*."
	exactAt map[place][]*rule
	underAt map[place][]*rule
	nets    map[netip.Prefix][]*rule
	bits    []netip.Prefix // one prefix for each family and length in nets, for its length alone
	all     []*rule
	secrets map[string][]Secret // by domain
	observe *rule
}

// place is a name and a port.
type place struct {
	name string
	port uint16
}

// compile checks rules and makes a matcher of them. Budgets are those of old
// where the rule is the same but for its methods, paths and bytes.
func compile(rules []glovebox.EgressRule, secrets []Secret, observe bool, old *matcher) (*matcher, error) {
	if len(rules) > glovebox.MaxEgressRules {
		return nil, glovebox.Errorf(glovebox.KindTooLarge, "%d rules", len(rules)).On("egress").Try("at most %d", glovebox.MaxEgressRules)
	}
	m := &matcher{
		exact: map[string][]*rule{}, parents: map[string][]*rule{}, nets: map[netip.Prefix][]*rule{},
		spoken: map[uint16]protocols{}, exactAt: map[place][]*rule{}, underAt: map[place][]*rule{}, secrets: map[string][]Secret{},
	}
	kept := map[string]*budget{}
	if old != nil {
		for _, r := range old.all {
			kept[r.identity()] = r.budget
		}
	}
	for i, e := range rules {
		if err := m.add(e, kept); err != nil {
			return nil, err.On(fmt.Sprintf("egress.%d.%s", i, err.Field))
		}
	}
	for i, s := range secrets {
		if err := s.check(); err != nil {
			return nil, err.On(fmt.Sprintf("secrets.%d.%s", i, err.Field))
		}
		s.Domain, _ = canonical(s.Domain)
		m.secrets[s.Domain] = append(m.secrets[s.Domain], s)
	}
	if observe {
		m.observe = &rule{name: "observe", any: true, budget: &budget{}}
	}
	return m, nil
}

func (m *matcher) add(e glovebox.EgressRule, kept map[string]*budget) *glovebox.Error {
	r := &rule{EgressRule: e, name: e.Name}
	if e.Port < 1 || e.Port > 65535 {
		return glovebox.Errorf(glovebox.KindInvalid, "port %d", e.Port).On("port").Try("from 1 to 65535")
	}
	switch e.Protocol {
	case glovebox.EgressTLS, glovebox.EgressHTTP:
	case glovebox.EgressTCP:
		if len(e.Methods)+len(e.Paths) > 0 {
			return glovebox.Errorf(glovebox.KindInvalid, "methods and paths of bytes that are not read").On("protocol").Try("tls or http")
		}
	default:
		return glovebox.Errorf(glovebox.KindInvalid, "protocol %q", e.Protocol).On("protocol").Try("tls, http or tcp")
	}
	if e.Bytes < 0 {
		return glovebox.Errorf(glovebox.KindInvalid, "negative bytes").On("bytes")
	}
	if (e.Domain == "") == (e.Address == "") {
		return glovebox.Errorf(glovebox.KindInvalid, "not exactly one of domain and address").On("domain")
	}
	if err := m.place(r); err != nil {
		return err
	}
	if r.name == "" {
		r.name = fmt.Sprintf("%s:%d", r.Domain+r.Address, r.Port)
	}
	if r.budget = kept[r.identity()]; r.budget == nil {
		r.budget = &budget{}
		kept[r.identity()] = r.budget
	}
	r.budget.limit.Store(e.Bytes)
	m.spoken[uint16(e.Port)] |= r.protocols()
	m.all = append(m.all, r)
	return nil
}

// place puts r where it is looked up.
func (m *matcher) place(r *rule) *glovebox.Error {
	if r.Address != "" {
		p, err := parsePrefix(r.Address)
		if err != nil {
			return glovebox.Errorf(glovebox.KindInvalid, "%q is no address or prefix", r.Address).On("address")
		}
		r.prefix = p
		if _, ok := m.nets[p]; !ok && !slices.ContainsFunc(m.bits, func(q netip.Prefix) bool {
			return q.Bits() == p.Bits() && q.Addr().Is4() == p.Addr().Is4()
		}) {
			m.bits = append(m.bits, p)
		}
		m.nets[p] = append(m.nets[p], r)
		return nil
	}
	domain, wild := strings.CutPrefix(r.Domain, "*.")
	domain, ok := canonical(domain)
	if !ok {
		return glovebox.Errorf(glovebox.KindInvalid, "%q is no domain", r.Domain).On("domain").Try(`a name, or "*." and a name; international names in their xn-- form`)
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return glovebox.Errorf(glovebox.KindInvalid, "%q is an address", r.Domain).On("domain").Try("put it in address")
	}
	at := place{domain, uint16(r.Port)}
	if wild {
		m.parents[domain] = append(m.parents[domain], r)
		m.underAt[at] = append(m.underAt[at], r)
	} else {
		m.exact[domain] = append(m.exact[domain], r)
		m.exactAt[at] = append(m.exactAt[at], r)
	}
	return nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// identity is what makes two rules the same over a change of the policy.
func (r *rule) identity() string {
	return fmt.Sprintf("%s|%s|%s|%d|%s", r.EgressRule.Name, r.Domain, r.Address, r.Port, r.Protocol)
}

// named returns the rules for a canonical name, on whatever port. That of
// observing comes last, as in all answers.
func (m *matcher) named(name string) (exact, wild []*rule) {
	exact = m.exact[name]
	if len(m.parents) > 0 {
		wild = m.parents[parent(name)]
	}
	return exact, wild
}

// lists says whether a rule names name.
func (m *matcher) lists(name string) bool {
	exact, wild := m.named(name)
	return m.observe != nil || len(exact) > 0 || len(wild) > 0
}

// at returns the rules for a canonical name and a port.
func (m *matcher) at(name string, port uint16) []*rule {
	found := m.exactAt[place{name, port}]
	if len(m.underAt) > 0 {
		if under := m.underAt[place{parent(name), port}]; len(under) > 0 {
			found = slices.Concat(found, under)
		}
	}
	return found
}

// address returns the rules that name an address and not a domain.
func (m *matcher) address(dst netip.AddrPort) []*rule {
	var found []*rule
	for _, p := range m.bits {
		if p.Addr().Is4() != dst.Addr().Is4() {
			continue
		}
		q, err := dst.Addr().Prefix(p.Bits())
		if err != nil {
			continue
		}
		for _, r := range m.nets[q] {
			if r.Port == int(dst.Port()) {
				found = append(found, r)
			}
		}
	}
	return found
}

// reaches says whether r opens a, which is not forbidden.
func (r *rule) reaches(a netip.Addr) bool { return r.Private && !r.any || !Private(a) }

// reads says whether the filter has to read what goes through r to hold it.
func (r *rule) reads() bool { return len(r.Methods)+len(r.Paths) > 0 }

// allows says whether r lets a request through. clean is its path by
// cleanPath, "" if that has no single meaning.
func (r *rule) allows(method, clean string) bool {
	if len(r.Methods) > 0 && !slices.Contains(r.Methods, method) {
		return false
	}
	return len(r.Paths) == 0 || slices.ContainsFunc(r.Paths, func(p string) bool { return pathFits(p, clean) })
}
