package policy_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"glovebox"
	"glovebox/policy"
)

// somePolicy draws from few words, so that policies meet.
func somePolicy(t *rapid.T, label string) glovebox.Policy {
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label+" "+name) }
	var p glovebox.Policy
	for range rapid.IntRange(0, 4).Draw(t, label+" rules") {
		r := glovebox.EgressRule{Port: rapid.SampledFrom([]int{80, 443}).Draw(t, label+" port")}
		if rapid.IntRange(0, 3).Draw(t, label+" by address") == 0 {
			r.Address, r.Protocol = pick("address", "203.0.113.0/24", "203.0.113.7", "203.0.0.0/16", "10.0.0.0/8", "10.1.0.0/16"), "tcp"
		} else {
			r.Domain = pick("domain", "*.a.example", "b.a.example", "c.a.example", "a.example", "*.b.a.example")
			r.Protocol = pick("protocol", "tls", "http", "tcp")
		}
		if r.Protocol != "tcp" {
			r.Methods = slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom([]string{"GET", "PUT"}), 0, 2).Draw(t, label+" methods"))))
			r.Paths = slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom([]string{"/*", "/x", "/x*", "/x/y", "/z"}), 0, 2).Draw(t, label+" paths"))))
		}
		r.Bytes = rapid.SampledFrom([]int64{0, 0, 10, 20}).Draw(t, label+" bytes")
		r.Private = rapid.Bool().Draw(t, label+" private") || strings.HasPrefix(r.Address, "10.")
		p.Egress = append(p.Egress, r)
	}
	p.Observe = rapid.IntRange(0, 5).Draw(t, label+" observe") == 0
	done, err := p.Complete()
	if err != nil { // the same rule twice
		p.Egress = nil
		done, _ = p.Complete()
	}
	return done
}

// try is something that a job does.
type try struct {
	name, method, path, proto string
	addr                      netip.Addr
	port                      int
	private                   bool
	bytes                     int64
}

// everything is all that the policies of somePolicy tell apart.
func everything() []try {
	var all []try
	for _, port := range []int{80, 443, 22} {
		for _, proto := range []string{"tls", "http", "tcp"} {
			for _, name := range []string{"a.example", "b.a.example", "c.a.example", "d.a.example", "e.b.a.example", "f.e.b.a.example", "other.test"} {
				for _, private := range []bool{false, true} {
					for _, bytes := range []int64{5, 15, 25} {
						for _, method := range []string{"GET", "PUT", "POST"} {
							for _, path := range []string{"/", "/x", "/x/y", "/xz", "/z"} {
								all = append(all, try{name: name, method: method, path: path, proto: proto, port: port, private: private, bytes: bytes})
							}
						}
					}
				}
			}
		}
		for _, a := range []string{"203.0.113.7", "203.0.113.8", "203.0.7.7", "10.0.0.1", "10.1.0.1", "198.51.100.1"} {
			for _, bytes := range []int64{5, 15, 25} {
				all = append(all, try{addr: netip.MustParseAddr(a), port: port, proto: "tcp", bytes: bytes, private: strings.HasPrefix(a, "10.")})
			}
		}
	}
	return all
}

// naive says by the words of the documentation whether a policy lets something
// through. It shares nothing with the code under test.
func naive(p glovebox.Policy, a try) bool {
	for _, r := range p.Egress {
		where := false
		if r.Address != "" {
			if !strings.Contains(r.Address, "/") {
				where = a.addr.IsValid() && a.addr.String() == r.Address
			} else {
				where = a.addr.IsValid() && netip.MustParsePrefix(r.Address).Contains(a.addr)
			}
		} else if labels := strings.Split(a.name, "."); a.name != "" {
			where = a.name == r.Domain || len(labels) > 1 && "*."+strings.Join(labels[1:], ".") == r.Domain
		}
		method, path := len(r.Methods) == 0, len(r.Paths) == 0
		for _, m := range r.Methods {
			method = method || m == a.method
		}
		for _, q := range r.Paths {
			path = path || q == a.path || strings.HasSuffix(q, "*") && strings.HasPrefix(a.path, q[:len(q)-1])
		}
		if where && method && path && r.Port == a.port && r.Protocol == a.proto && (r.Bytes == 0 || a.bytes <= r.Bytes) && (!a.private || r.Private) {
			return true
		}
	}
	return false
}

// TestWithinAgrees: a rule that lets through what a policy does not is never
// within it.
func TestWithinAgrees(t *testing.T) {
	all := everything()
	within, beyond := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		ceiling, want := somePolicy(t, "ceiling"), somePolicy(t, "want")
		if rapid.Bool().Draw(t, "narrowed") { // else hardly any is within
			want = narrowed(t, ceiling)
		}
		lines := policy.Within(ceiling, want).Lines
		for i := range want.Egress {
			alone := glovebox.Policy{Egress: want.Egress[i : i+1]}
			if lines[i].Verdict != glovebox.PolicyWithin {
				beyond++
				continue
			}
			within++
			for _, a := range all {
				if naive(alone, a) && !naive(ceiling, a) {
					t.Fatalf("%+v is within %+v, and lets %+v through", want.Egress[i], ceiling.Egress, a)
				}
			}
		}
	})
	if within == 0 || beyond == 0 {
		t.Errorf("within %d, beyond %d: nothing was compared", within, beyond)
	}
}

// TestWithinOneRule: against one rule it is exact, both ways.
func TestWithinOneRule(t *testing.T) {
	all := everything()
	rapid.Check(t, func(t *rapid.T) {
		c, w := somePolicy(t, "ceiling"), somePolicy(t, "want")
		if len(c.Egress) == 0 || len(w.Egress) == 0 {
			return
		}
		ceiling, want := glovebox.Policy{Egress: c.Egress[:1]}, glovebox.Policy{Egress: w.Egress[:1]}
		covered := !slices.ContainsFunc(all, func(a try) bool { return naive(want, a) && !naive(ceiling, a) })
		got := policy.Within(ceiling, want).Allowed()
		// Two paths or methods of the ceiling may together cover what none does.
		if got && !covered || !got && covered && want.Egress[0].Paths != nil == (ceiling.Egress[0].Paths != nil) && !loose(ceiling.Egress[0], want.Egress[0]) {
			t.Fatalf("within %v, covered %v: %+v in %+v", got, covered, want.Egress[0], ceiling.Egress[0])
		}
	})
}

// loose says whether all tries are too few to tell two rules apart: more bytes
// than any try has, or private as nothing tries it.
func loose(c, w glovebox.EgressRule) bool {
	private := strings.HasPrefix(w.Address, "203.") && w.Private && !c.Private
	return c.Bytes >= 20 && w.Bytes == 0 || private || len(w.Methods) == 0 && len(c.Methods) > 0 || slices.Contains(w.Paths, "/x*") || slices.Contains(w.Paths, "/*")
}

func TestWithinIsAnOrder(t *testing.T) {
	chains := 0
	rapid.Check(t, func(t *rapid.T) {
		a := somePolicy(t, "a")
		if d := policy.Within(a, a); !d.Allowed() {
			t.Fatalf("not within itself: %+v", d.First())
		}
		b := narrowed(t, a)
		c := narrowed(t, b)
		if policy.Within(a, b).Allowed() && policy.Within(b, c).Allowed() {
			chains++
			if !policy.Within(a, c).Allowed() {
				t.Fatalf("%+v in %+v in %+v, and not in the first", c, b, a)
			}
		}
		x, y, z := somePolicy(t, "x"), somePolicy(t, "y"), somePolicy(t, "z")
		if policy.Within(x, y).Allowed() && policy.Within(y, z).Allowed() && !policy.Within(x, z).Allowed() {
			t.Fatalf("%+v in %+v in %+v, and not in the first", z, y, x)
		}
	})
	if chains == 0 {
		t.Error("no chain was tried")
	}
}

// narrowed takes away from a policy at random.
func narrowed(t *rapid.T, p glovebox.Policy) glovebox.Policy {
	n := glovebox.Policy{Version: p.Version, Observe: p.Observe && rapid.Bool().Draw(t, "still observed")}
	for i, r := range p.Egress {
		switch rapid.IntRange(0, 5).Draw(t, fmt.Sprint("change ", i)) {
		case 0:
			continue
		case 1:
			r.Domain = strings.Replace(r.Domain, "*", "b", 1)
		case 2:
			r.Bytes = max(1, r.Bytes/2)
		case 3:
			if r.Protocol != "tcp" && len(r.Methods) != 1 {
				r.Methods = []string{"GET"}
				if len(p.Egress[i].Methods) > 0 {
					r.Methods = p.Egress[i].Methods[:1]
				}
			}
		case 4:
			if r.Protocol != "tcp" && len(r.Paths) == 0 {
				r.Paths = []string{"/x"}
			}
		}
		r.Name = ""
		n.Egress = append(n.Egress, r)
	}
	done, err := n.Complete()
	if err != nil {
		n.Egress = nil
		done, _ = n.Complete()
	}
	if !policy.Within(p, done).Allowed() {
		t.Fatalf("%+v does not narrow %+v", done, p)
	}
	return done
}

// TestWithinSaysWhy: every part of a rule that is beyond is named.
func TestWithinSaysWhy(t *testing.T) {
	parse := func(doc string) glovebox.Policy {
		p, err := policy.Parse([]byte(head + doc))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	ceiling := parse(`
egress:
  - {name: web, domain: "*.a.example", protocol: tls, methods: [GET], paths: ["/v1/*"], bytes: 1024}
  - {name: db, address: 203.0.113.0/24, port: 5432, protocol: tcp}
secrets:
  - {name: token, domain: b.a.example, header: Authorization, prefix: "Bearer "}
`)
	for doc, why := range map[string]string{
		`egress: [{domain: b.a.example, protocol: tls, methods: [GET], paths: [/v1/x], bytes: 1024}]`: "",
		`egress: [{domain: c.b.a.example, protocol: tls}]`:                                            "no rule of the tenant leads there",
		`egress: [{domain: b.a.example, protocol: tls, port: 8443}]`:                                  "policy.egress[0] (web) is for port 443",
		`egress: [{domain: b.a.example, protocol: tcp, port: 443}]`:                                   "policy.egress[0] (web) is for tls",
		`egress: [{domain: b.a.example, protocol: tls}]`:                                              "policy.egress[0] (web) is for GET alone",
		`egress: [{domain: b.a.example, protocol: tls, methods: [GET]}]`:                              "policy.egress[0] (web) is for /v1/* alone",
		`egress: [{domain: b.a.example, protocol: tls, methods: [GET], paths: [/v1/x]}]`:              "policy.egress[0] (web) is for at most 1 KiB",
		`egress: [{address: 203.0.113.7, protocol: tcp, port: 5432}]`:                                 "",
		`egress: [{address: 203.0.112.0/23, protocol: tcp, port: 5432}]`:                              "no rule of the tenant leads there",
		`observe: true`: "the tenant's policy does not let jobs be observed",
	} {
		d := policy.Within(ceiling, parse(doc))
		first := d.First()
		if why == "" && (first != nil || d.Lines[0].By == "") || why != "" && (first == nil || first.Why != why) {
			t.Errorf("%s: %+v, want %q", doc, d.Lines, why)
		}
	}
	for doc, why := range map[string]string{
		`{name: token, domain: b.a.example, header: authorization, prefix: "Bearer "}`: "",
		`{name: token, domain: b.a.example, header: Authorization}`:                    "policy.secrets[0] gives it in another way",
		`{name: token, file: true}`: "policy.secrets[0] gives it in another way",
		`{name: other, file: true}`: "the tenant's policy does not give it to jobs",
	} {
		want := parse("egress: [{domain: b.a.example, protocol: tls, methods: [GET], paths: [/v1/x], bytes: 9}]\nsecrets: [" + doc + "]")
		first := policy.Within(ceiling, want).First()
		if why == "" && first != nil || why != "" && (first == nil || first.Why != why || first.Field != "policy.secrets[0]") {
			t.Errorf("%s: %+v, want %q", doc, first, why)
		}
	}
}
