package policy_test

import (
	"fmt"
	"testing"

	"glovebox"
	"glovebox/policy"
)

// largest is a policy of as many rules as there can be.
func largest(b testing.TB, address bool) glovebox.Policy {
	b.Helper()
	var p glovebox.Policy
	for i := range glovebox.MaxEgressRules {
		r := glovebox.EgressRule{Domain: fmt.Sprintf("h%d.example", i), Port: 443, Protocol: "tls"}
		if address {
			r = glovebox.EgressRule{Address: fmt.Sprintf("203.0.%d.%d", i/250, i%250), Port: 443, Protocol: "tcp"}
		}
		p.Egress = append(p.Egress, r)
	}
	done, err := p.Complete()
	if err != nil {
		b.Fatal(err)
	}
	return done
}

// BenchmarkWithin holds the largest policies there can be against each other,
// which every submission of one pays.
func BenchmarkWithin(b *testing.B) {
	for name, address := range map[string]bool{"domains": false, "addresses": true} {
		p := largest(b, address)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if !policy.Within(p, p).Allowed() {
					b.Fatal("not within itself")
				}
			}
		})
	}
}
