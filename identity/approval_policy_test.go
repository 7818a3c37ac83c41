package identity

import (
	"strings"
	"testing"

	"glovebox"
)

// reaching is a completed policy that leads to a domain.
func reaching(t *testing.T, rules ...glovebox.EgressRule) *glovebox.Policy {
	t.Helper()
	return must((&glovebox.Policy{Egress: rules}).CompleteJob())(t)
}

var (
	toWeb     = glovebox.EgressRule{Domain: "a.example", Protocol: glovebox.EgressTLS}
	toPrivate = glovebox.EgressRule{Domain: "db.example", Port: 5432, Protocol: glovebox.EgressTCP, Private: true}
)

// TestPolicyIsSigned: the exact policy is part of the job that was signed, and
// people see it.
func TestPolicyIsSigned(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	with := func(rules ...glovebox.EgressRule) glovebox.Spec {
		return testSpec(t, func(s *glovebox.Spec) { s.Policy = &glovebox.Policy{Egress: rules} })
	}
	a := must(w.s.RequestApproval(w.ctx, m.caller(), with(toWeb), widening, 1))(t)
	if a.Operation.Action != ActionJobWiden || !strings.Contains(string(a.Operation.Parameters), `"policy":["tls to a.example:443"]`) {
		t.Errorf("%+v", a.Operation)
	}
	must(m.signApproval(a.ID))(t)
	get := toWeb
	get.Methods = []string{"GET"}
	for name, spec := range map[string]glovebox.Spec{"none": testSpec(t), "more": with(toWeb, toPrivate), "less": with(get)} {
		if _, err := w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", spec); glovebox.KindOf(err) != glovebox.KindConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", with(toWeb)))(t) // the control
}

// TestPrivateTakesAnAdmin: what leads to private addresses, names addresses or is
// observed is signed by an admin.
func TestPrivateTakesAnAdmin(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	dev := m.invite("Dev", RoleDeveloper)
	for name, p := range map[string]*glovebox.Policy{
		"private": reaching(t, toPrivate), "address": reaching(t, glovebox.EgressRule{Address: "203.0.113.1", Port: 1, Protocol: glovebox.EgressTCP}),
		"observe": {Version: glovebox.PolicyVersion, Observe: true},
	} {
		spec := testSpec(t, func(s *glovebox.Spec) { s.Policy = p })
		a := must(w.s.RequestApproval(w.ctx, dev.caller(), spec, widening, 1))(t)
		if _, err := dev.signApproval(a.ID); glovebox.KindOf(err) != glovebox.KindDenied {
			t.Errorf("%s, signed by a developer: %v", name, err)
		}
		must(m.signApproval(a.ID))(t)
		must(w.s.TakeApproval(w.ctx, dev.caller(), a.ID, "", spec))(t)
	}
}

// TestPolicyChangeIsForOne: a signature is for one policy of one job at one
// revision, and for a tenant's only by an admin.
func TestPolicyChangeIsForOne(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	dev := m.invite("Dev", RoleDeveloper)
	change := PolicyChange{Job: "j1", Seen: 3, Policy: reaching(t, toWeb), Widens: []string{"egress[0]"}}
	a := must(w.s.RequestPolicyChange(w.ctx, dev.caller(), change, 1))(t)
	take := func(c PolicyChange) error {
		_, err := w.s.TakePolicyChange(w.ctx, dev.caller(), a.ID, "", c)
		return err
	}
	if err := take(change); glovebox.KindOf(err) != glovebox.KindApproval {
		t.Errorf("not signed: %v", err)
	}
	must(dev.signApproval(a.ID))(t)
	for name, other := range map[string]PolicyChange{
		"job":      {Job: "j2", Seen: 3, Policy: change.Policy},
		"revision": {Job: "j1", Seen: 4, Policy: change.Policy},
		"policy":   {Job: "j1", Seen: 3, Policy: reaching(t, toWeb, toPrivate)},
		"tenant":   {Seen: 3, Policy: change.Policy},
	} {
		if err := take(other); glovebox.KindOf(err) != glovebox.KindConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := take(change); err != nil {
		t.Error(err)
	}
	if err := take(change); glovebox.KindOf(err) != glovebox.KindApproval {
		t.Errorf("taken twice: %v", err)
	}
	change.Job = ""
	if _, err := w.s.RequestPolicyChange(w.ctx, dev.caller(), change, 1); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Errorf("a developer asks to change the tenant's: %v", err)
	}
	a = must(w.s.RequestPolicyChange(w.ctx, m.caller(), change, 1))(t)
	if _, err := dev.signApproval(a.ID); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Errorf("a developer signs: %v", err)
	}
}

// TestLargePolicyCanBeSigned: the evidence of the largest policy there can be
// stays small enough to be kept.
func TestLargePolicyCanBeSigned(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	var rules []glovebox.EgressRule
	var widens []string
	for i := range glovebox.MaxEgressRules {
		rules = append(rules, glovebox.EgressRule{Name: string(rune('a'+i%26)) + strings.Repeat("x", i/26), Domain: "a.example", Port: i + 1, Protocol: glovebox.EgressTCP})
		widens = append(widens, strings.Repeat("w", 300))
	}
	change := PolicyChange{Job: "j1", Policy: reaching(t, rules...), Widens: widens}
	a := must(w.s.RequestPolicyChange(w.ctx, m.caller(), change, 1))(t)
	must(m.signApproval(a.ID))(t)
	evidence := must(w.s.TakePolicyChange(w.ctx, m.caller(), a.ID, "", change))(t)
	if err := glovebox.CheckApprovals(evidence, glovebox.Tenant{}); err != nil {
		t.Error(err)
	}
}
