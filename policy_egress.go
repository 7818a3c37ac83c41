package glovebox

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Bounds of one EgressRule.
const (
	maxMethods = 16
	maxPaths   = 64
	maxPath    = 1024 // bytes
	maxDomain  = 253
	maxBytes   = 1 << 50 // of EgressRule.Bytes
)

func (p *Policy) checkEgress() error {
	if len(p.Egress) > MaxEgressRules {
		return Errorf(KindTooLarge, "%d egress rules", len(p.Egress)).On("policy.egress").Try("at most %d; a wildcard may stand for many", MaxEgressRules)
	}
	for i := range p.Egress {
		r, field := &p.Egress[i], "policy.egress["+itoa(i)+"]"
		for _, check := range []func(*EgressRule, string) error{
			(*EgressRule).checkName, (*EgressRule).checkPort, (*EgressRule).checkDestination, (*EgressRule).checkRequests,
		} {
			if err := check(r, field); err != nil {
				return err
			}
		}
	}
	return p.nameRules()
}

// nameRules gives every rule a name of its own, and refuses a rule that is there
// already.
func (p *Policy) nameRules() error {
	taken, seen := map[string]bool{}, map[string]bool{}
	for i, r := range p.Egress {
		field := "policy.egress[" + itoa(i) + "]"
		same := strings.Join([]string{r.Domain, r.Address, itoa(r.Port), r.Protocol, strings.Join(r.Methods, " "), strings.Join(r.Paths, " ")}, "\n")
		switch {
		case seen[same]:
			return duplicate(field, r.Destination())
		case r.Name != "" && taken[r.Name]:
			return duplicate(field+".name", r.Name)
		}
		seen[same], taken[r.Name] = true, true
	}
	for i := range p.Egress {
		if p.Egress[i].Name != "" {
			continue
		}
		name := p.Egress[i].Destination()
		for n := 2; taken[name]; n++ {
			name = p.Egress[i].Destination() + "#" + itoa(n)
		}
		p.Egress[i].Name, taken[name] = name, true
	}
	return nil
}

// Destination is "DOMAIN:PORT" or "ADDRESS:PORT", with brackets around what has
// colons itself.
func (r EgressRule) Destination() string {
	host := r.Domain
	if r.Address != "" {
		host = r.Address
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(r.Port)
}

func (r *EgressRule) checkName(field string) error {
	if len(r.Name) > MaxRuleName || !printable(r.Name) {
		return Errorf(KindInvalid, "the name cannot be kept").On(field+".name").Try("use at most %d printable bytes", MaxRuleName)
	}
	return nil
}

// checkPort also checks the protocol, which says what the port is if none is
// given.
func (r *EgressRule) checkPort(field string) error {
	usual := map[string]int{EgressTLS: 443, EgressHTTP: 80, EgressTCP: 0}
	port, ok := usual[r.Protocol]
	if !ok {
		return Errorf(KindInvalid, "unknown protocol %q", r.Protocol).On(field+".protocol").Try("use %s, %s or %s", EgressTLS, EgressHTTP, EgressTCP)
	}
	if r.Port == 0 {
		r.Port = port
	}
	if r.Port < 1 || r.Port > 65535 {
		return Errorf(KindInvalid, "%d is not a port", r.Port).On(field + ".port").Try("between 1 and 65535")
	}
	if r.Bytes < 0 || r.Bytes > maxBytes {
		return Errorf(KindInvalid, "%d is out of range", r.Bytes).On(field+".bytes").Try("between 1 and %d, or 0 for no bound", maxBytes)
	}
	return nil
}

func (r *EgressRule) checkDestination(field string) error {
	switch {
	case r.Domain == "" && r.Address == "":
		return Errorf(KindInvalid, "neither a domain nor an address").On(field + ".domain").Try("name where the rule leads to, such as example.com")
	case r.Domain != "" && r.Address != "":
		return Errorf(KindInvalid, "both a domain and an address").On(field + ".address").Try("write a rule for each")
	case r.Domain != "":
		d, err := completeDomain(r.Domain, field+".domain")
		r.Domain = d
		return err
	case r.Protocol != EgressTCP:
		return Errorf(KindInvalid, "%s goes by names, and an address has none", r.Protocol).On(field+".protocol").Try("use %s, or a domain", EgressTCP)
	}
	prefix, err := completeAddress(r.Address, field+".address")
	if err != nil {
		return err
	}
	r.Address = spellPrefix(prefix)
	if privatePrefix(prefix) && !r.Private {
		return Errorf(KindInvalid, "%s is private, and the rule does not say so", r.Address).On(field + ".private").Try("set it to true if that is meant; an admin has to")
	}
	return nil
}

// completeDomain returns the one spelling of a domain: lower case, A-labels, no
// dot at the end.
func completeDomain(name, field string) (string, error) {
	bad := Errorf(KindInvalid, "%q is not a domain", name).On(field)
	d := strings.ToLower(strings.TrimSuffix(name, "."))
	rest, wild := strings.CutPrefix(d, "*.")
	labels := strings.Split(rest, ".")
	switch {
	case !printable(name) || len(d) > maxDomain:
		return "", bad.Try("use at most %d letters", maxDomain)
	case strings.Contains(rest, "*"):
		return "", bad.Try("a * stands alone, as the first label, as in *.example.com")
	case strings.ContainsFunc(d, func(c rune) bool { return c > '~' }):
		return "", bad.Try("write it in ASCII (A-labels), as in xn--bcher-kva.example")
	case strings.ContainsAny(d, ":/@"):
		return "", bad.Try("give the name alone: no scheme, port or path")
	case len(labels) < 2 && wild:
		return "", bad.Try("a wildcard needs at least two labels behind it, as in *.example.com")
	case len(labels) < 2:
		return "", bad.Try("give a full name with a dot in it, as in example.com")
	case !slices.ContainsFunc([]byte(labels[len(labels)-1]), func(c byte) bool { return c < '0' || c > '9' }):
		return "", bad.Try("write an address into the field address")
	}
	for _, l := range labels {
		if !isDomainLabel(l) {
			return "", bad.Try("labels have 1 to 63 of a-z, 0-9, '-' and '_', and no '-' at either end")
		}
	}
	return d, nil
}

func isDomainLabel(l string) bool {
	if len(l) == 0 || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	for _, c := range []byte(l) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// completeAddress reads an address or a prefix; an address is a prefix of its
// whole length.
func completeAddress(s, field string) (netip.Prefix, error) {
	bad := Errorf(KindInvalid, "%q is not an address", s).On(field)
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, bad.Try("write it like 203.0.113.7, 2001:db8::7 or 203.0.113.0/24")
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return netip.Prefix{}, bad.Try("write it like 203.0.113.7, 2001:db8::7 or 203.0.113.0/24")
	case p.Addr().Is4In6():
		return netip.Prefix{}, bad.Try("write it as IPv4")
	case p.Masked() != p:
		return netip.Prefix{}, bad.Try("is %s meant?", p.Masked())
	}
	return p, nil
}

func spellPrefix(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// Prefix is Address as a prefix; false if the rule has none.
func (r EgressRule) Prefix() (netip.Prefix, bool) {
	p, err := completeAddress(r.Address, "")
	return p, r.Address != "" && err == nil
}

var privatePrefixes = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"),
}

// privatePrefix says whether all of p is in one of the private ranges: RFC 1918,
// 6598 or 4193.
func privatePrefix(p netip.Prefix) bool {
	return slices.ContainsFunc(privatePrefixes, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
}

func (r *EgressRule) checkRequests(field string) error {
	switch {
	case r.Protocol == EgressTCP && len(r.Methods) > 0:
		return Errorf(KindInvalid, "tcp has no methods").On(field+".methods").Try("use %s or %s", EgressTLS, EgressHTTP)
	case r.Protocol == EgressTCP && len(r.Paths) > 0:
		return Errorf(KindInvalid, "tcp has no paths").On(field+".paths").Try("use %s or %s", EgressTLS, EgressHTTP)
	case len(r.Methods) > maxMethods:
		return Errorf(KindTooLarge, "%d methods", len(r.Methods)).On(field+".methods").Try("at most %d; none means any", maxMethods)
	case len(r.Paths) > maxPaths:
		return Errorf(KindTooLarge, "%d paths", len(r.Paths)).On(field+".paths").Try("at most %d; a * at the end stands for many", maxPaths)
	}
	for i, m := range r.Methods {
		at := field + ".methods[" + itoa(i) + "]"
		if !isToken(m) || len(m) > 32 || strings.ToUpper(m) != m {
			return Errorf(KindInvalid, "%q is not a method", m).On(at).Try("write it in capitals, as in GET")
		}
		if slices.Contains(r.Methods[:i], m) {
			return duplicate(at, m)
		}
	}
	for i, path := range r.Paths {
		at := field + ".paths[" + itoa(i) + "]"
		if hint := wrongPath(path); hint != "" {
			return Errorf(KindInvalid, "%q cannot be matched", path).On(at).Try("%s", hint)
		}
		if slices.Contains(r.Paths[:i], path) {
			return duplicate(at, path)
		}
	}
	return nil
}

// wrongPath says what is to be done about a path that no request could match, or
// that would match others than it seems.
func wrongPath(p string) string {
	plain := strings.TrimSuffix(p, "*")
	switch {
	case !strings.HasPrefix(p, "/"):
		return "begin it with /"
	case len(p) > maxPath || strings.ContainsFunc(p, func(c rune) bool { return c <= ' ' || c > '~' }):
		return "use at most 1024 ASCII characters without blanks"
	case strings.Contains(plain, "*"):
		return "a * can only stand at the end, and means any rest"
	case strings.ContainsAny(p, `?#%\`):
		return "leave out query and fragment; paths are matched decoded"
	case strings.Contains(plain, "//") || slices.Contains(strings.Split(plain, "/"), "..") || slices.Contains(strings.Split(plain, "/"), "."):
		return "write it without empty, . and .. parts"
	}
	return ""
}

// isToken says whether s is a token of HTTP (RFC 9110).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
