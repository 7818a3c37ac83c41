package policy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"glovebox"
)

// Anomaly is how far a run left a policy.
type Anomaly struct {
	// Score is 0 for a run that stayed within, and nears 1 the more it left:
	// each thing that is not explained takes away its share of what is left.
	Score float64
	Lines []DriftLine
}

// DriftLine is something that the policy does not explain.
type DriftLine struct {
	What   string  `json:"what"` // such as "tls to evil.example:443"
	Why    string  `json:"why"`
	Times  int     `json:"times"`
	Weight float64 `json:"weight"` // 0–1
}

// How much each kind of thing says that is not explained.
const (
	weightForbidden = 0.95 // a probe of metadata, of the host, of what is private
	weightName      = 0.5  // somewhere else
	weightProtocol  = 0.4  // another port or protocol of a known name
	weightRequest   = 0.2  // another method or path there
)

// Drift compares what a run was seen to do, let through or not, with a policy,
// notably one that was learned from earlier runs.
func Drift(p glovebox.Policy, events []glovebox.NetEvent) Anomaly {
	var a Anomaly
	ports := map[int64]glovebox.NetEvent{}
	for _, e := range events {
		switch e.Type {
		case glovebox.NetOpen:
			ports[e.Conn] = e
		case glovebox.NetRequest:
			opened := ports[e.Conn]
			e.Address, e.Proto = cmp.Or(e.Address, opened.Address), cmp.Or(e.Proto, opened.Proto)
		case glovebox.NetClose:
			continue // has that of its opening
		case glovebox.NetFinding, glovebox.NetProfile:
			continue // no traffic
		}
		if what, why, weight := unexplained(p, e); weight > 0 {
			a.add(what, why, weight)
		}
	}
	left := 1.0
	for _, l := range a.Lines {
		left *= 1 - l.Weight
	}
	a.Score = 1 - left
	slices.SortStableFunc(a.Lines, func(x, y DriftLine) int { return cmp.Or(cmp.Compare(y.Weight, x.Weight), cmp.Compare(x.What, y.What)) })
	return a
}

func (a *Anomaly) add(what, why string, weight float64) {
	for i := range a.Lines {
		if a.Lines[i].What == what && a.Lines[i].Why == why {
			a.Lines[i].Times++
			return
		}
	}
	a.Lines = append(a.Lines, DriftLine{What: what, Why: why, Times: 1, Weight: weight})
}

// unexplained says what of an event no rule explains; weight 0 if one does.
func unexplained(p glovebox.Policy, e glovebox.NetEvent) (what, why string, weight float64) {
	if p.Profile != nil && slices.Contains(p.Profile.Tried, e.Tried()) {
		return "", "", 0 // earlier runs tried it, too
	}
	name := strings.TrimSuffix(strings.ToLower(e.Name), ".")
	at, _ := netip.ParseAddrPort(e.Address)
	what = fmt.Sprintf("%s to %s", e.Proto, cmp.Or(name, e.Address))
	if e.Reason == glovebox.NetForbidden || e.Reason == glovebox.NetPrivate {
		return what, "an address that is never reachable, or private", weightForbidden
	}
	named := slices.DeleteFunc(slices.Clone(p.Egress), func(r glovebox.EgressRule) bool { return !leadsTo(r, name, at.Addr()) })
	if e.Type == glovebox.NetDNS {
		if len(named) == 0 {
			return "the name " + name, "no rule names it", weightName
		}
		return "", "", 0
	}
	if name != "" {
		what = fmt.Sprintf("%s to %s:%d", e.Proto, name, at.Port())
	}
	if len(named) == 0 {
		return what, "no rule leads there", weightName
	}
	fits := slices.DeleteFunc(named, func(r glovebox.EgressRule) bool { return r.Port != int(at.Port()) || r.Protocol != e.Proto })
	if len(fits) == 0 {
		return what, "another port or protocol than in the rules", weightProtocol
	}
	if e.Type == glovebox.NetRequest && !slices.ContainsFunc(fits, func(r glovebox.EgressRule) bool { return serves(r, e.Method, e.Path) }) {
		return fmt.Sprintf("%s %s%s", e.Method, name, e.Path), "another method or path than in the rules", weightRequest
	}
	return "", "", 0
}

// leadsTo says whether a rule leads to a name or, without one, to an address.
func leadsTo(r glovebox.EgressRule, name string, a netip.Addr) bool {
	if p, ok := r.Prefix(); ok {
		return a.IsValid() && p.Contains(a.Unmap())
	}
	return glovebox.MatchDomain(r.Domain, name)
}

// serves says whether a rule lets a request through that goes where it leads.
func serves(r glovebox.EgressRule, method, path string) bool {
	return (len(r.Methods) == 0 || slices.Contains(r.Methods, method)) && (len(r.Paths) == 0 || coversPath(r.Paths, path))
}
