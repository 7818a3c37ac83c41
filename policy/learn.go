package policy

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"glovebox"
)

// Run is what a job was seen to do.
type Run struct {
	Job    string
	Events []glovebox.NetEvent
	Usage  glovebox.Usage
}

// Learned is the smallest policy that explains what runs were seen to do.
type Learned struct {
	Policy glovebox.Policy
	Runs   int

	// Rules says of each of the policy's rules how often it was used.
	Rules []Seen

	// Memory is the most that a run took, in bytes; 0 if nobody measured.
	Memory int64

	// Disk, in bytes, and Tasks, at one time, are the most that a run took; 0 if
	// it was not watched.
	Disk  int64
	Tasks uint64

	// Notes say what the policy leaves out, and why.
	Notes []string
}

// Seen is how much a rule was used by all runs together.
type Seen struct {
	Connections int
	Sent, Got   int64 // bytes
}

// target is where connections led.
type target struct {
	name, address string // one of the two
	port          int
	proto         string
}

// gathered is what is known of a target.
type gathered struct {
	Seen
	private  bool
	requests map[string]map[string]bool // paths by method; nil if no request could be read
}

// Learn finds the policy of exact names, ports, protocols, methods and paths
// that explains all connections that were let through. What was refused, and
// names that were asked for and not used, are left out and noted. Many paths
// become prefixes. Of runs that were watched the policy also holds the profile,
// and leaving it ends the job from LearnedDrift on.
func Learn(runs ...Run) Learned {
	l := Learned{Runs: len(runs), Policy: glovebox.Policy{Version: glovebox.PolicyVersion}}
	all := map[target]*gathered{}
	left := map[string]int{}
	for _, run := range runs {
		gather(run.Events, all, left)
		l.Memory = max(l.Memory, run.Usage.MemoryPeak)
	}
	profile := l.profiles(runs)
	targets := slices.SortedFunc(maps.Keys(all), func(a, b target) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.address, b.address), cmp.Compare(a.port, b.port), cmp.Compare(a.proto, b.proto))
	})
	for _, t := range targets {
		rules := t.rules(all[t])
		if len(l.Policy.Egress)+len(rules) > glovebox.MaxEgressRules {
			left["more destinations than a policy has rules"]++
			continue
		}
		l.Policy.Egress = append(l.Policy.Egress, rules...)
		for range rules {
			l.Rules = append(l.Rules, all[t].Seen)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(left)) {
		l.Notes = append(l.Notes, fmt.Sprintf("left out: %s (%d times)", what, left[what]))
	}
	if done, err := l.Policy.Complete(); err == nil {
		l.Policy = done
	}
	l.hold(profile)
	return l
}

// gather adds the events of one run.
func gather(events []glovebox.NetEvent, all map[target]*gathered, left map[string]int) {
	conns := map[int64]*gathered{}
	for _, e := range events {
		if e.Missed > 0 {
			left["events that were not kept"] += int(e.Missed)
		}
		switch e.Type {
		case glovebox.NetOpen:
			t, why := targetOf(e)
			if !e.Allowed {
				why = "refused as " + e.Reason + ": " + cmp.Or(e.Name, e.Address)
			}
			if why != "" {
				left[why]++
				continue
			}
			g := all[t]
			if g == nil {
				g = &gathered{}
				all[t] = g
			}
			g.Connections++
			g.private = g.private || isPrivate(e.Address)
			conns[e.Conn] = g
		case glovebox.NetRequest:
			if g := conns[e.Conn]; g != nil && e.Allowed && e.Method != "" {
				g.request(e.Method, e.Path)
			}
		case glovebox.NetClose:
			if g := conns[e.Conn]; g != nil {
				g.Sent, g.Got = g.Sent+e.Sent, g.Got+e.Got
			}
		}
	}
}

// targetOf is where an opened connection led, or why no rule could say so.
func targetOf(e glovebox.NetEvent) (target, string) {
	at, err := netip.ParseAddrPort(e.Address)
	if err != nil {
		return target{}, "a connection whose address is not known"
	}
	t := target{port: int(at.Port()), proto: e.Proto, name: strings.TrimSuffix(strings.ToLower(e.Name), ".")}
	switch e.Proto {
	case glovebox.EgressTLS, glovebox.EgressHTTP, glovebox.EgressTCP:
	default:
		return target{}, "the protocol " + e.Proto
	}
	if t.name == "" || isAddress(t.name) {
		t.name, t.address, t.proto = "", at.Addr().Unmap().String(), glovebox.EgressTCP
	}
	probe := t.rule()
	probe.Private = true
	if _, err := (glovebox.Policy{Egress: []glovebox.EgressRule{probe}}).Complete(); err != nil {
		return target{}, "a name that no rule can have"
	}
	return t, ""
}

func isAddress(s string) bool { _, err := netip.ParseAddr(strings.Trim(s, "[]")); return err == nil }

// isPrivate says whether "ADDRESS:PORT" is in a private range.
func isPrivate(address string) bool {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	a := at.Addr().Unmap()
	return a.IsPrivate() || shared.Contains(a)
}

var shared = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

func (t target) rule() glovebox.EgressRule {
	return glovebox.EgressRule{Domain: t.name, Address: t.address, Port: t.port, Protocol: t.proto}
}

// rules are those that explain g: one for each set of methods that was used on
// the same paths.
func (t target) rules(g *gathered) []glovebox.EgressRule {
	one := t.rule()
	one.Private = g.private
	if len(g.requests) == 0 || t.proto == glovebox.EgressTCP {
		return []glovebox.EgressRule{one}
	}
	var rules []glovebox.EgressRule
	for _, method := range slices.Sorted(maps.Keys(g.requests)) {
		paths := fold(slices.Sorted(maps.Keys(g.requests[method])))
		same := slices.IndexFunc(rules, func(r glovebox.EgressRule) bool { return slices.Equal(r.Paths, paths) })
		if same >= 0 {
			rules[same].Methods = append(rules[same].Methods, method)
			continue
		}
		r := one
		r.Methods, r.Paths = []string{method}, paths
		rules = append(rules, r)
	}
	return rules
}

func (g *gathered) request(method, path string) {
	if g.requests == nil {
		g.requests = map[string]map[string]bool{}
	}
	if g.requests[method] == nil {
		g.requests[method] = map[string]bool{}
	}
	g.requests[method][path] = true
}
