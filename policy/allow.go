package policy

import (
	"net/netip"
	"strconv"
	"strings"

	"glovebox"
)

// ParseAllow reads the short form of an egress rule, DOMAIN[:PORT][/PROTOCOL],
// such as example.com, example.com:8080/http or db.example.com:5432/tcp. An
// address may stand for the domain, in brackets if it has colons; its protocol
// is tcp. Without a protocol it is tls, or http at port 80. KindInvalid.
func ParseAllow(s string) (glovebox.EgressRule, error) {
	var r glovebox.EgressRule
	bad := glovebox.Errorf(glovebox.KindInvalid, "%.300q is not a destination", s).On("allow").
		Try("write it like example.com, example.com:8080/http or db.example.com:5432/tcp")
	host, protocol, hasProtocol := strings.Cut(s, "/")
	host, port, ok := splitPort(host)
	if !ok || host == "" || hasProtocol && protocol == "" {
		return r, bad
	}
	r.Port, r.Protocol = port, protocol
	if a, err := netip.ParseAddr(host); err == nil {
		r.Address = a.String()
	} else {
		r.Domain = host
	}
	switch {
	case hasProtocol:
	case r.Address != "":
		r.Protocol = glovebox.EgressTCP
	case port == 80:
		r.Protocol = glovebox.EgressHTTP
	default:
		r.Protocol = glovebox.EgressTLS
	}
	p := glovebox.Policy{Egress: []glovebox.EgressRule{r}}
	asciiDomains(&p)
	done, err := p.Complete()
	if err != nil {
		e := *glovebox.AsError(err)
		return r, e.On("allow " + s)
	}
	r = done.Egress[0]
	r.Name = "" // its policy names it
	return r, nil
}

// splitPort takes the port from the end of a host; 0 if it has none.
func splitPort(s string) (host string, port int, ok bool) {
	host, number, found := strings.Cut(s, ":")
	if rest, bracket := strings.CutPrefix(s, "["); bracket {
		var after string
		if host, after, ok = strings.Cut(rest, "]"); !ok {
			return "", 0, false
		}
		if number, found = strings.CutPrefix(after, ":"); after != "" && !found {
			return "", 0, false
		}
	}
	if !found {
		return host, 0, true
	}
	port, err := strconv.Atoi(number)
	return host, port, err == nil && port >= 1 && port <= 65535
}
