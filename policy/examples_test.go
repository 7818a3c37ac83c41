package policy_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"glovebox"
	"glovebox/policy"
)

var update = flag.Bool("update", false, "rewrite what the examples' policies mean")

const examples = "../docs/policy.md"

var example = regexp.MustCompile("(?s)```yaml\n(.*?)```\n\n```text\n(.*?)```\n")

// TestExamples: each document in the documentation is read, fits the schema, and
// means what is written under it.
func TestExamples(t *testing.T) {
	page, err := os.ReadFile(examples)
	if err != nil {
		t.Fatal(err)
	}
	s, n := schema(t), 0
	now := example.ReplaceAllFunc(page, func(found []byte) []byte {
		n++
		parts := example.FindSubmatch(found)
		p, err := policy.Parse(parts[1])
		if err == nil {
			err = policy.Check(p, nil)
		}
		if err != nil {
			t.Errorf("example %d: %v", n, err)
			return found
		}
		if err := fits(t, s, p); err != nil {
			t.Errorf("example %d: %v", n, err)
		}
		says := strings.Join(policy.Explain(p), "\n") + "\n"
		if says != string(parts[2]) && !*update {
			t.Errorf("example %d means\n%s\nand not\n%s", n, says, parts[2])
		}
		return []byte("```yaml\n" + string(parts[1]) + "```\n\n```text\n" + says + "```\n")
	})
	if n != 10 {
		t.Errorf("%d examples", n)
	}
	if *update {
		if err := os.WriteFile(examples, now, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestExplainSaysItAll: there is a line for each thing that a policy allows.
func TestExplainSaysItAll(t *testing.T) {
	p, err := policy.Parse([]byte(head + `
egress: [{domain: a.example, protocol: tls, methods: [GET], bytes: 1000}, {domain: b.example, protocol: tls}]
secrets: [{name: s, domain: b.example, header: X-Key}, {name: f, file: true}]
`))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(policy.Explain(p), "\n")
	for _, want := range []string{
		"egress[0] a.example:443: allows tls to a.example:443, only GET, at most 1000 bytes.", "to read methods and paths",
		"egress[1] b.example:443: the filter ends TLS here to set headers", "the header X-Key of requests to b.example",
		"the file /run/secrets/f", "denied: everything else",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestAdmit: the parts of a spec that are no policy are decided, too.
func TestAdmit(t *testing.T) {
	both := glovebox.Tenant{Runtimes: []string{"gvisor", "runc"}}
	narrow := both
	narrow.Policy = glovebox.Policy{Runtimes: []string{"gvisor"}, Images: []string{"docker.io/library/*", "quay.io/a/b"},
		Limits: glovebox.Limits{Memory: 1 << 30, CPUs: 1}}
	for _, c := range []struct {
		tenant glovebox.Tenant
		spec   glovebox.Spec
		widens string
	}{
		{glovebox.Tenant{}, glovebox.Spec{}, ""},
		{glovebox.DefaultTenant("a"), glovebox.Spec{Runtime: "gvisor"}, ""},
		{glovebox.DefaultTenant("a"), glovebox.Spec{Runtime: "runc"}, "runtime: runc"},
		{both, glovebox.Spec{Runtime: "runc"}, ""},
		{glovebox.Tenant{Runtimes: []string{"runc"}}, glovebox.Spec{}, "runtime: gvisor"},
		{narrow, glovebox.Spec{Image: "busybox", Runtime: "runc"}, "runtime: runc"},
		{narrow, glovebox.Spec{Image: "busybox:1.36"}, ""},
		{narrow, glovebox.Spec{Image: "busybox@sha256:" + strings.Repeat("0", 64)}, ""},
		{narrow, glovebox.Spec{Image: "quay.io/a/b:2"}, ""},
		{narrow, glovebox.Spec{Image: "quay.io/a/bc"}, "containerImage: quay.io/a/bc:latest"},
		{narrow, glovebox.Spec{Image: "docker.io.evil.example/library/x"}, "containerImage: docker.io.evil.example/library/x:latest"},
		{narrow, glovebox.Spec{Image: "busybox", Limits: glovebox.Limits{Memory: 1 << 30, CPUs: 1}}, ""},
		{narrow, glovebox.Spec{Image: "busybox", Limits: glovebox.Limits{Memory: 1<<30 + 1, CPUs: 1.5}}, "limits.memory: 1073741825 bytes, limits.cpus: 1.5"},
		{narrow, glovebox.Spec{Image: "busybox", Policy: &glovebox.Policy{Egress: []glovebox.EgressRule{{Domain: "a.example", Port: 443, Protocol: "tls"}}}},
			"egress[0]: tls to a.example:443"},
	} {
		if got := strings.Join(policy.Admit(c.tenant, c.spec).Widens(), ", "); got != c.widens {
			t.Errorf("%+v of %+v: %q, want %q", c.spec, c.tenant, got, c.widens)
		}
	}
}

// TestGrantedIsBounded: a job with many rules keeps a record of a bounded size,
// what was granted first.
func TestGrantedIsBounded(t *testing.T) {
	var p glovebox.Policy
	for i := range glovebox.MaxEgressRules {
		p.Egress = append(p.Egress, glovebox.EgressRule{Domain: "a.example", Port: i + 1, Protocol: "tcp"})
	}
	ceiling := glovebox.Policy{Egress: p.Egress[:490]}
	lines := policy.Within(ceiling, p).Granted(glovebox.PolicySigned, "person:1")
	if len(lines) != glovebox.MaxPolicyLines || lines[0].Field != "policy.egress[490]" || lines[9].By != "person:1" || lines[99].What != "and 401 more" {
		t.Errorf("%d lines: %+v … %+v", len(lines), lines[0], lines[len(lines)-1])
	}
	if n := len(policy.Within(glovebox.Policy{}, p).Widens()); n != 41 {
		t.Errorf("%d lines to be signed", n)
	}
}
