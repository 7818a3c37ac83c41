package glovebox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"glovebox"
)

// TestJobPolicy: a job's policy is completed with its spec, one without anything
// in it is none, and what is a tenant's alone is refused.
func TestJobPolicy(t *testing.T) {
	given := glovebox.EgressRule{Domain: "A.Example.", Protocol: glovebox.EgressTLS}
	spec := glovebox.Spec{Image: "a", Policy: &glovebox.Policy{Egress: []glovebox.EgressRule{given}}}
	done, err := spec.Complete()
	if err != nil {
		t.Fatal(err)
	}
	if r := done.Policy.Egress[0]; r.Domain != "a.example" || r.Port != 443 || r.Name != "a.example:443" || done.Policy.Version != glovebox.PolicyVersion {
		t.Errorf("%+v", done.Policy)
	}
	if spec.Policy.Egress[0].Name != "" || spec.Policy.Version != "" {
		t.Errorf("what was given is changed: %+v", spec.Policy)
	}
	again, err := done.Complete()
	if err != nil || !again.Policy.Equal(*done.Policy) {
		t.Errorf("completed twice: %+v, %v", again.Policy, err)
	}
	if none, err := (glovebox.Spec{Image: "a", Policy: &glovebox.Policy{}}).Complete(); err != nil || none.Policy != nil {
		t.Errorf("%+v, %v", none.Policy, err)
	}
	for field, p := range map[string]glovebox.Policy{
		"policy.images":   {Images: []string{"a"}},
		"policy.limits":   {Limits: glovebox.Limits{Pids: 5}},
		"policy.runtimes": {Runtimes: []string{"gvisor"}},
		"policy.version":  {Version: "glovebox/v9"},
	} {
		_, err := glovebox.Spec{Image: "a", Policy: &p}.Complete()
		if e := glovebox.AsError(err); err == nil || e.Kind != glovebox.KindInvalid || e.Field != field || e.Hint == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestPolicyCaps: each part is bounded, and so is the whole.
func TestPolicyCaps(t *testing.T) {
	rules := func(n int, path string) *glovebox.Policy {
		var p glovebox.Policy
		for i := range n {
			p.Egress = append(p.Egress, glovebox.EgressRule{Domain: fmt.Sprintf("h%d.example", i), Protocol: "tls", Paths: []string{path}})
		}
		return &p
	}
	for field, p := range map[string]*glovebox.Policy{
		"policy.egress":  rules(glovebox.MaxEgressRules+1, "/"),
		"policy":         rules(100, "/"+strings.Repeat("x", 1000)),
		"policy.secrets": {Secrets: make([]glovebox.SecretUse, glovebox.MaxSecretUses+1)},
	} {
		if _, err := p.CompleteJob(); glovebox.KindOf(err) != glovebox.KindTooLarge || glovebox.AsError(err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := rules(glovebox.MaxEgressRules, "/").CompleteJob(); err != nil {
		t.Errorf("the most rules there can be: %v", err)
	}
	if _, err := rules(100, "/"+strings.Repeat("x", 1000)).Complete(); err != nil {
		t.Errorf("a tenant's may be larger: %v", err)
	}
}

// TestAllowedPolicy: what holds is what the job came with, until it is changed.
func TestAllowedPolicy(t *testing.T) {
	p := glovebox.Policy{Version: glovebox.PolicyVersion, Observe: true}
	for _, c := range []struct {
		job  glovebox.Job
		want bool
	}{
		{glovebox.Job{}, false},
		{glovebox.Job{Spec: glovebox.Spec{Policy: &p}}, true},
		{glovebox.Job{Spec: glovebox.Spec{Policy: &p}, PolicyRevision: 1}, false},
		{glovebox.Job{Policy: &p, PolicyRevision: 1}, true},
	} {
		if got := c.job.Allowed().Observe; got != c.want {
			t.Errorf("%+v: %v", c.job, got)
		}
	}
}

func TestMatchDomain(t *testing.T) {
	for _, c := range []struct {
		rule, name string
		want       bool
	}{
		{"a.example", "a.example", true}, {"a.example", "b.a.example", false}, {"*.a.example", "b.a.example", true},
		{"*.a.example", "a.example", false}, {"*.a.example", "c.b.a.example", false}, {"*.a.example", ".a.example", false},
		{"*.a.example", "*.a.example", false}, {"", "", false}, {"*.a.example", "ba.example", false},
	} {
		if got := glovebox.MatchDomain(c.rule, c.name); got != c.want {
			t.Errorf("%q, %q: %v", c.rule, c.name, got)
		}
	}
}

// TestTenantPolicyIsKept: a tenant that was written down before there were
// policies has one that allows nothing.
func TestTenantPolicyIsKept(t *testing.T) {
	var old glovebox.Tenant
	if err := json.Unmarshal([]byte(`{"id":"a"}`), &old); err != nil {
		t.Fatal(err)
	}
	done, err := old.Complete()
	if err != nil || !done.Policy.Empty() || done.Policy.Version != glovebox.PolicyVersion {
		t.Errorf("%+v, %v", done.Policy, err)
	}
}
