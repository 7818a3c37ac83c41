package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"glovebox"
)

// Decision is what came of holding a job against its tenant's policy.
type Decision struct {
	Lines []glovebox.PolicyLine `json:"lines"` // PolicyWithin or PolicyBeyond each
}

// Allowed says whether nothing is beyond the tenant's policy.
func (d Decision) Allowed() bool { return d.First() == nil }

// First is the first line that is beyond; nil if none is.
func (d Decision) First() *glovebox.PolicyLine {
	for i := range d.Lines {
		if d.Lines[i].Verdict == glovebox.PolicyBeyond {
			return &d.Lines[i]
		}
	}
	return nil
}

// Within holds a job's completed policy against its tenant's. There is a line
// for each rule and secret of the job, for observing, and for what it says of the
// watch, which says what part of the ceiling allows it, or what is missing. Each line is decided by one part
// of the ceiling alone: a rule that needs two of them together is beyond.
func Within(ceiling, want glovebox.Policy) Decision {
	var d Decision
	has := destinations(ceiling.Egress)
	for i, r := range destinations(want.Egress) {
		d.decide(fmt.Sprintf("policy.egress[%d]", i), Rule(r.EgressRule), coverRule(has, r))
	}
	for i, s := range want.Secrets {
		d.decide(fmt.Sprintf("policy.secrets[%d]", i), Use(s), coverUse(ceiling, s))
	}
	if want.Observe {
		v := verdict{why: "the tenant's policy does not let jobs be observed"}
		if ceiling.Observe {
			v = verdict{by: "policy.observe"}
		}
		d.decide("policy.observe", "any public name, recorded", v)
	}
	d.watch(ceiling, want)
	return d
}

// verdict is what allows something, or why nothing does.
type verdict struct{ by, why string }

func (d *Decision) decide(field, what string, v verdict) {
	line := glovebox.PolicyLine{Field: field, What: what, Verdict: glovebox.PolicyWithin, By: v.by}
	if v.by == "" {
		line.Verdict, line.Why = glovebox.PolicyBeyond, v.why
	}
	d.Lines = append(d.Lines, line)
}

// destination is a rule whose address is read, once.
type destination struct {
	glovebox.EgressRule
	prefix netip.Prefix // not valid if the rule has a domain
}

func destinations(rules []glovebox.EgressRule) []destination {
	all := make([]destination, len(rules))
	for i, r := range rules {
		all[i].EgressRule = r
		all[i].prefix, _ = r.Prefix()
	}
	return all
}

// leads says whether c leads wherever r does.
func (c destination) leads(r destination) bool {
	if r.Address == "" {
		return coversDomain(c.Domain, r.Domain)
	}
	return c.prefix.IsValid() && r.prefix.IsValid() && contains(c.prefix, r.prefix)
}

// coverRule finds the rule of the ceiling that allows all of a rule. If none
// does, it says what the nearest one lacks.
func coverRule(ceiling []destination, r destination) verdict {
	nearest := verdict{why: "no rule of the tenant leads there"}
	for i, c := range ceiling {
		if !c.leads(r) {
			continue
		}
		name := fmt.Sprintf("policy.egress[%d] (%s)", i, c.Name)
		lacks := missing(c.EgressRule, r.EgressRule)
		if lacks == "" {
			return verdict{by: name}
		}
		nearest.why = name + " " + lacks
	}
	return nearest
}

// coversDomain says whether every name that r stands for, c does.
func coversDomain(c, r string) bool { return c != "" && c == r || glovebox.MatchDomain(c, r) }

func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// missing says what of r goes beyond c, which leads to the same place; "" if
// nothing does.
func missing(c, r glovebox.EgressRule) string {
	switch {
	case c.Port != r.Port:
		return fmt.Sprintf("is for port %d", c.Port)
	case c.Protocol != r.Protocol:
		return "is for " + c.Protocol
	case len(c.Methods) > 0 && (len(r.Methods) == 0 || !subset(r.Methods, c.Methods)):
		return "is for " + strings.Join(c.Methods, ", ") + " alone"
	case len(c.Paths) > 0 && (len(r.Paths) == 0 || slices.ContainsFunc(r.Paths, func(p string) bool { return !coversPath(c.Paths, p) })):
		return "is for " + strings.Join(c.Paths, ", ") + " alone"
	case c.Bytes > 0 && (r.Bytes == 0 || r.Bytes > c.Bytes):
		return "is for at most " + size(c.Bytes)
	case r.Private && !c.Private:
		return "does not lead to private addresses"
	}
	return ""
}

func subset(small, large []string) bool {
	return !slices.ContainsFunc(small, func(s string) bool { return !slices.Contains(large, s) })
}

// coversPath says whether one of the patterns matches all that p does.
func coversPath(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(c string) bool {
		if prefix, ok := strings.CutSuffix(c, "*"); ok {
			return strings.HasPrefix(strings.TrimSuffix(p, "*"), prefix)
		}
		return c == p
	})
}

// coverUse finds the secret of the ceiling that allows a use: the same name to
// the same place.
func coverUse(ceiling glovebox.Policy, s glovebox.SecretUse) verdict {
	nearest := verdict{why: "the tenant's policy does not give it to jobs"}
	for i, c := range ceiling.Secrets {
		name := fmt.Sprintf("policy.secrets[%d]", i)
		switch {
		case c == s:
			return verdict{by: name}
		case c.Name == s.Name:
			nearest.why = name + " gives it in another way"
		}
	}
	return nearest
}
