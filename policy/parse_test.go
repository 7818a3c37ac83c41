package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	"glovebox"
	"glovebox/policy"
)

const head = "version: glovebox/v1\n"

// rule is a document with one egress rule.
func rule(lines ...string) string {
	return head + "egress:\n  - " + strings.Join(lines, "\n    ") + "\n"
}

func TestParse(t *testing.T) {
	p, err := policy.Parse([]byte(head + `
egress:
  - domain: Bücher.Example.   # in Unicode
    protocol: tls
  - {domain: "*.example.com", port: 8080, protocol: http, methods: [GET, HEAD], paths: ["/a", "/b/*"], bytes: 1048576}
  - {address: 203.0.113.0/24, port: 22, protocol: tcp}
  - {domain: example.com, port: 443, protocol: tls, paths: [/x]}
  - {domain: example.com, port: 443, protocol: tls, paths: [/y]}
secrets:
  - {name: token, domain: EXAMPLE.com, header: authorization, prefix: "Bearer "}
  - name: key
    file: true
`))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range p.Egress {
		names = append(names, r.Name)
	}
	if got, want := strings.Join(names, " "), "xn--bcher-kva.example:443 *.example.com:8080 203.0.113.0/24:22 example.com:443 example.com:443#2"; got != want {
		t.Errorf("names: %s, want %s", got, want)
	}
	if s := p.Secrets[0]; s.Domain != "example.com" || s.Header != "Authorization" {
		t.Errorf("%+v", s)
	}
	again, err := policy.Parse(policy.YAML(p, nil, nil))
	if err != nil || !again.Equal(p) {
		t.Errorf("read again: %+v, %v", again, err)
	}
}

// TestParseRefuses: each fault names its field, and says what to do.
func TestParseRefuses(t *testing.T) {
	e0 := "policy.egress[0]"
	ok := []string{"domain: a.example", "protocol: tls"}
	with := func(more ...string) string { return rule(append(ok[:2:2], more...)...) }
	for name, c := range map[string]struct {
		doc   string
		kind  glovebox.Kind
		field string
	}{
		"nothing":             {"", glovebox.KindMalformed, "policy"},
		"a comment":           {"# nothing\n", glovebox.KindMalformed, "policy"},
		"no version":          {"observe: true\n", glovebox.KindInvalid, "policy.version"},
		"other version":       {"version: glovebox/v2\n", glovebox.KindInvalid, "policy.version"},
		"not YAML":            {"a: [", glovebox.KindMalformed, "policy"},
		"two documents":       {head + "---\n" + head, glovebox.KindMalformed, "policy"},
		"a list":              {"- a\n", glovebox.KindMalformed, "policy"},
		"unknown field":       {with("prot: 1"), glovebox.KindUnknownField, e0 + ".prot"},
		"unknown at the top":  {head + "egres: []\n", glovebox.KindUnknownField, "policy.egres"},
		"case":                {head + "Observe: true\n", glovebox.KindUnknownField, "policy.Observe"},
		"twice":               {with("protocol: tcp"), glovebox.KindDuplicateField, e0 + ".protocol"},
		"twice in JSON":       {`{"version":"glovebox/v1","observe":true,"observe":false}`, glovebox.KindDuplicateField, "policy.observe"},
		"wrong type":          {with("port: https"), glovebox.KindMalformed, e0 + ".port"},
		"a quoted number":     {with(`port: "443"`), glovebox.KindMalformed, e0 + ".port"},
		"a fraction":          {with("port: 443.5"), glovebox.KindMalformed, e0 + ".port"},
		"null":                {with("name:"), glovebox.KindMalformed, e0 + ".name"},
		"an anchor":           {head + "egress: &a []\n", glovebox.KindMalformed, "policy.egress"},
		"an alias":            {head + "images: &a [x]\nruntimes: *a\n", glovebox.KindMalformed, "policy.images"},
		"a merge":             {head + "limits:\n  <<: {memory: 1}\n", glovebox.KindMalformed, "policy.limits"},
		"a tag":               {with("name: !!str 3"), glovebox.KindMalformed, e0 + ".name"},
		"a huge number":       {with("bytes: 99999999999999999999"), glovebox.KindInvalid, e0 + ".bytes"},
		"not a number":        {head + "limits: {cpus: .nan}\n", glovebox.KindInvalid, "policy.limits.cpus"},
		"deep":                {head + "egress: " + strings.Repeat("[", 50) + strings.Repeat("]", 50) + "\n", glovebox.KindMalformed, "policy.egress[0][0][0][0][0][0][0][0]"},
		"large":               {head + "# " + strings.Repeat("x", glovebox.MaxPolicyBytes), glovebox.KindTooLarge, "policy"},
		"no destination":      {rule("protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"both":                {with("address: 1.2.3.4"), glovebox.KindInvalid, e0 + ".address"},
		"no protocol":         {rule("domain: a.example"), glovebox.KindInvalid, e0 + ".protocol"},
		"udp":                 {rule("domain: a.example", "protocol: udp"), glovebox.KindInvalid, e0 + ".protocol"},
		"tcp without port":    {rule("domain: a.example", "protocol: tcp"), glovebox.KindInvalid, e0 + ".port"},
		"port":                {with("port: 65536"), glovebox.KindInvalid, e0 + ".port"},
		"negative port":       {with("port: -1"), glovebox.KindInvalid, e0 + ".port"},
		"negative bytes":      {with("bytes: -1"), glovebox.KindInvalid, e0 + ".bytes"},
		"a URL":               {rule("domain: https://a.example", "protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"one label":           {rule("domain: localhost", "protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"an address":          {rule("domain: 10.0.0.1", "protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"a lone star":         {rule(`domain: "*"`, "protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"star and one label":  {rule(`domain: "*.com"`, "protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"two stars":           {rule(`domain: "*.*.com"`, "protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"star inside":         {rule(`domain: "a*.example.com"`, "protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"empty label":         {rule("domain: a..example", "protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"long label":          {rule("domain: "+strings.Repeat("a", 64)+".example", "protocol: tls"), glovebox.KindInvalid, e0 + ".domain"},
		"tls to an address":   {rule("address: 203.0.113.1", "protocol: tls"), glovebox.KindInvalid, e0 + ".protocol"},
		"not an address":      {rule("address: a.example", "protocol: tcp", "port: 1"), glovebox.KindInvalid, e0 + ".address"},
		"host bits":           {rule("address: 203.0.113.1/24", "protocol: tcp", "port: 1"), glovebox.KindInvalid, e0 + ".address"},
		"zone":                {rule(`address: "fe80::1%eth0"`, "protocol: tcp", "port: 1"), glovebox.KindInvalid, e0 + ".address"},
		"quietly private":     {rule("address: 10.1.0.0/16", "protocol: tcp", "port: 1"), glovebox.KindInvalid, e0 + ".private"},
		"method":              {with("methods: [get]"), glovebox.KindInvalid, e0 + ".methods[0]"},
		"method twice":        {with("methods: [GET, GET]"), glovebox.KindInvalid, e0 + ".methods[1]"},
		"methods of tcp":      {rule("domain: a.example", "protocol: tcp", "port: 1", "methods: [GET]"), glovebox.KindInvalid, e0 + ".methods"},
		"relative path":       {with("paths: [a]"), glovebox.KindInvalid, e0 + ".paths[0]"},
		"path upwards":        {with("paths: [/a/../b]"), glovebox.KindInvalid, e0 + ".paths[0]"},
		"path with a query":   {with(`paths: ["/a?b"]`), glovebox.KindInvalid, e0 + ".paths[0]"},
		"path with a star in": {with(`paths: ["/*/b"]`), glovebox.KindInvalid, e0 + ".paths[0]"},
		"the same again":      {with() + "  - {domain: A.example, protocol: tls, port: 443}\n", glovebox.KindInvalid, "policy.egress[1]"},
		"a name again":        {with("name: x") + "  - {name: x, domain: b.example, protocol: tls}\n", glovebox.KindInvalid, "policy.egress[1].name"},
		"secret to nowhere":   {head + "secrets: [{name: a, domain: a.example, header: A}]\n", glovebox.KindInvalid, "policy.secrets[0].domain"},
		"secret to many":      {with() + "secrets: [{name: a, domain: \"*.a.example\", header: A}]\n", glovebox.KindInvalid, "policy.secrets[0].domain"},
		"secret in Host":      {with() + "secrets: [{name: a, domain: a.example, header: host}]\n", glovebox.KindInvalid, "policy.secrets[0].header"},
		"secret both ways":    {with() + "secrets: [{name: a, domain: a.example, header: A, file: true}]\n", glovebox.KindInvalid, "policy.secrets[0].file"},
		"secret no way":       {head + "secrets: [{name: a}]\n", glovebox.KindInvalid, "policy.secrets[0].domain"},
		"secret's name":       {head + "secrets: [{name: ../a, file: true}]\n", glovebox.KindInvalid, "policy.secrets[0].name"},
		"two in one header":   {with() + "secrets: [{name: a, domain: a.example, header: A}, {name: b, domain: a.example, header: a}]\n", glovebox.KindInvalid, "policy.secrets[1]"},
		"runtime":             {head + "runtimes: [docker]\n", glovebox.KindInvalid, "policy.runtimes"},
		"image":               {head + "images: [\"*/a\"]\n", glovebox.KindInvalid, "policy.images[0]"},
		"limit":               {head + "limits: {memory: 5}\n", glovebox.KindInvalid, "policy.limits.memory"},
		"unknown limit":       {head + "limits: {mem: 5}\n", glovebox.KindUnknownField, "policy.limits.mem"},
	} {
		_, err := policy.Parse([]byte(c.doc))
		if e := glovebox.AsError(err); err == nil || e.Kind != c.kind || e.Field != c.field || e.Hint == "" {
			t.Errorf("%s: %v (%s on %q, hint %q), want %s on %q", name, err, e.Kind, e.Field, e.Hint, c.kind, c.field)
		}
	}
}

// TestParseTellsTheLine: a fault in a long document can be found.
func TestParseTellsTheLine(t *testing.T) {
	_, err := policy.Parse([]byte(head + "egress:\n  - domain: a.example\n    protocol: tls\n  - domain: b.example\n    protocol: quic\n"))
	if err == nil || !strings.Contains(err.Error(), "(line 6)") {
		t.Error(err)
	}
}

// TestBomb: what grows when it is followed is not followed, and what is deep is
// refused.
func TestBomb(t *testing.T) {
	for _, open := range []string{"[", "{a: ", "- "} {
		if _, err := policy.Parse([]byte(head + "x: \n  " + strings.Repeat(open, 50_000))); glovebox.KindOf(err) != glovebox.KindMalformed {
			t.Errorf("%.80v", err)
		}
	}
	doc := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 12 {
		n := string(rune('a' + i))
		doc += n + ": &" + n + " [" + strings.TrimSuffix(strings.Repeat("*a0,", 10), ",") + "]\n"
	}
	if _, err := policy.Parse([]byte(doc)); glovebox.KindOf(err) != glovebox.KindMalformed {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	never := func(a netip.Addr) bool {
		return a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a.Is4() && a.As4()[0] >= 240
	}
	for doc, field := range map[string]string{
		rule("address: 127.0.0.1", "port: 1", "protocol: tcp"):          "policy.egress[0].address",
		rule("address: 240.0.0.0/4", "port: 1", "protocol: tcp"):        "policy.egress[0].address",
		rule("address: \"ff00::/8\"", "port: 1", "protocol: tcp"):       "policy.egress[0].address",
		rule("address: 169.254.0.0/16", "port: 80", "protocol: tcp"):    "policy.egress[0].address",
		rule("address: \"fe80::/10\"", "port: 80", "protocol: tcp"):     "policy.egress[0].address",
		rule(`domain: "*.co.uk"`, "protocol: tls"):                      "policy.egress[0].domain",
		rule(`domain: "*.example.co.uk"`, "protocol: tls"):              "",
		rule("address: 203.0.113.0/25", "port: 1", "protocol: tcp"):     "",
		rule("address: 0.0.0.0/0", "port: 1", "protocol: tcp"):          "", // the filter refuses what is in it and forbidden
		rule("domain: a.example", "protocol: tls", "private: true"):     "",
		rule("address: \"2001:db8::/33\"", "port: 80", "protocol: tcp"): "",
	} {
		p, err := policy.Parse([]byte(doc))
		if err != nil {
			t.Fatal(doc, err)
		}
		err = policy.Check(p, never)
		if field == "" && err != nil || field != "" && (err == nil || glovebox.AsError(err).Field != field) {
			t.Errorf("%s: %v, want %q", doc, err, field)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(rule("domain: a.example", "protocol: tls")))
	f.Add([]byte(`{"version":"glovebox/v1","egress":[{"address":"::/0","port":1,"protocol":"tcp"}]}`))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policy.Parse(data)
		if err != nil {
			if glovebox.KindOf(err) == glovebox.KindInternal {
				t.Fatal(err)
			}
			return
		}
		again, err := policy.Parse(policy.YAML(p, nil, nil))
		if err != nil || !again.Equal(p) {
			t.Fatalf("%+v became %+v, %v", p, again, err)
		}
	})
}
