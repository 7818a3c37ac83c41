package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"glovebox"
	"glovebox/policy"
)

// opened are the events of one connection that was let through.
func opened(conn int64, proto, name, address string, requests ...string) []glovebox.NetEvent {
	all := []glovebox.NetEvent{
		{Type: glovebox.NetDNS, Allowed: true, Name: name},
		{Type: glovebox.NetOpen, Allowed: true, Name: name, Address: address, Proto: proto, Conn: conn},
	}
	for _, r := range requests {
		method, path, _ := strings.Cut(r, " ")
		all = append(all, glovebox.NetEvent{Type: glovebox.NetRequest, Allowed: true, Name: name, Method: method, Path: path, Conn: conn})
	}
	return append(all, glovebox.NetEvent{Type: glovebox.NetClose, Allowed: true, Name: name, Conn: conn, Sent: 10, Got: 20})
}

func TestLearn(t *testing.T) {
	refused := glovebox.NetEvent{Type: glovebox.NetOpen, Name: "evil.example", Address: "203.0.113.9:443", Proto: "tls", Reason: glovebox.NetNoRule, Conn: 9}
	var deep []string
	for i := range 20 {
		deep = append(deep, fmt.Sprintf("GET /packages/%d/file.whl", i))
	}
	l := policy.Learn(
		policy.Run{Job: "j1", Events: slices.Concat(
			opened(1, "tls", "API.example.", "203.0.113.1:443"),
			opened(2, "tls", "api.example", "203.0.113.1:443"),
			opened(3, "http", "web.example", "203.0.113.2:80", "GET /", "GET /a", "HEAD /a", "HEAD /", "POST /form"),
			[]glovebox.NetEvent{refused, refused},
		), Usage: glovebox.Usage{MemoryPeak: 100 << 20}},
		policy.Run{Job: "j2", Events: slices.Concat(
			opened(1, "http", "files.example", "203.0.113.3:80", deep...),
			opened(2, "tcp", "", "203.0.113.4:22"),
			opened(3, "tcp", "db.example", "10.0.0.1:5432"),
		)},
	)
	var got []string
	for _, r := range l.Policy.Egress {
		got = append(got, policy.Rule(r))
	}
	want := []string{
		"tcp to 203.0.113.4:22",
		"tls to api.example:443",
		"tcp to db.example:5432, also at private addresses",
		"http to files.example:80, only GET, only of /packages/*",
		"http to web.example:80, only GET, HEAD, only of /, /a",
		"http to web.example:80, only POST, only of /form",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if len(l.Notes) != 1 || l.Notes[0] != "left out: refused as no_rule: evil.example (2 times)" {
		t.Errorf("%q", l.Notes)
	}
	if s := l.Rules[1]; s.Connections != 2 || s.Sent != 20 || s.Got != 40 {
		t.Errorf("%+v", s)
	}
	doc := l.YAML()
	again, err := policy.Parse(doc)
	if err != nil || !again.Equal(l.Policy) {
		t.Errorf("%s\n%v", doc, err)
	}
	if !strings.Contains(string(doc), "# Memory: at most 100 MiB") || !strings.Contains(string(doc), "  # 2 connections, 20 bytes sent, 40 received\n") {
		t.Errorf("%s", doc)
	}
}

// TestLearnedIsEnough: whatever was let through, the learned policy explains,
// and it names nothing else.
func TestLearnedIsEnough(t *testing.T) {
	rules := 0
	rapid.Check(t, func(t *rapid.T) {
		var events []glovebox.NetEvent
		names := map[string]bool{}
		for i := range rapid.IntRange(0, 30).Draw(t, "connections") {
			name := rapid.SampledFrom([]string{"a.example", "b.example", "B.Example.", "x.y.z.example", ""}).Draw(t, "name")
			address := rapid.SampledFrom([]string{"203.0.113.1:443", "203.0.113.1:80", "10.0.0.1:80", "[2001:db8::1]:443"}).Draw(t, "address")
			proto := rapid.SampledFrom([]string{"tls", "http", "tcp"}).Draw(t, "proto")
			if name == "" {
				proto = "tcp"
			}
			names[strings.TrimSuffix(strings.ToLower(name), ".")] = true
			var requests []string
			if proto != "tcp" {
				requests = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
					return rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "method") + " /" +
						strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "ü", "%", "a b", "*", "..", "", "?"}), 0, 5).Draw(t, "path"), "/")
				}), 0, 12).Draw(t, "requests")
			}
			events = append(events, opened(int64(i+1), proto, name, address, requests...)...)
		}
		l := policy.Learn(policy.Run{Events: events})
		if d := policy.Drift(l.Policy, slices.DeleteFunc(events, func(e glovebox.NetEvent) bool { return e.Type == glovebox.NetDNS && e.Name == "" })); d.Score != 0 {
			t.Fatalf("%+v does not explain %+v", l.Policy.Egress, d.Lines)
		}
		for _, r := range l.Policy.Egress {
			rules++
			if r.Domain != "" && !names[r.Domain] || strings.Contains(r.Domain, "*") {
				t.Fatalf("nobody was seen to use %+v", r)
			}
		}
		if again, err := policy.Parse(l.YAML()); err != nil || !again.Equal(l.Policy) {
			t.Fatalf("%s: %v", l.YAML(), err)
		}
	})
	if rules == 0 {
		t.Error("nothing was learned")
	}
}

// TestYAMLCannotBeEscaped: what a job did cannot end a comment.
func TestYAMLCannotBeEscaped(t *testing.T) {
	l := policy.Learn(policy.Run{Events: []glovebox.NetEvent{{Type: glovebox.NetOpen, Name: "x\nobserve: true\u2028observe: true", Address: "203.0.113.9:443", Reason: "a\r\nobserve: true", Proto: "tls"}}})
	if p, err := policy.Parse(l.YAML()); err != nil || p.Observe {
		t.Errorf("%s: %v", l.YAML(), err)
	}
}

func TestDrift(t *testing.T) {
	l := policy.Learn(policy.Run{Events: slices.Concat(
		opened(1, "tls", "api.example", "203.0.113.1:443"), opened(2, "http", "web.example", "203.0.113.2:80", "GET /a"),
	)})
	last := -1.0
	for _, c := range []struct {
		name   string
		events []glovebox.NetEvent
		lines  int
	}{
		{"the same", opened(1, "tls", "api.example", "203.0.113.8:443"), 0},
		{"another path", opened(1, "http", "web.example", "203.0.113.2:80", "GET /a", "GET /etc", "GET /etc"), 1},
		{"another port", opened(1, "tls", "api.example", "203.0.113.1:8443"), 1},
		{"another name", []glovebox.NetEvent{{Type: glovebox.NetDNS, Name: "evil.example", Reason: glovebox.NetNoRule}}, 1},
		{"and connected", opened(1, "tls", "evil.example", "203.0.113.9:443"), 2},
		{"metadata", []glovebox.NetEvent{{Type: glovebox.NetOpen, Address: "169.254.169.254:80", Proto: "tcp", Reason: glovebox.NetForbidden}}, 1},
	} {
		d := policy.Drift(l.Policy, c.events)
		if len(d.Lines) != c.lines || d.Score <= last || d.Score >= 1 {
			t.Errorf("%s: %+v", c.name, d)
		}
		last = d.Score
	}
}

func TestParseAllow(t *testing.T) {
	for s, want := range map[string]string{
		"example.com":              "tls to example.com:443",
		"Example.com:8443":         "tls to example.com:8443",
		"example.com:80":           "http to example.com:80",
		"example.com/http":         "http to example.com:80",
		"*.example.com":            "tls to any name one label under example.com:443",
		"db.example.com:5432/tcp":  "tcp to db.example.com:5432",
		"203.0.113.7:22":           "tcp to 203.0.113.7:22",
		"[2001:db8::7]:22/tcp":     "tcp to [2001:db8::7]:22",
		"bücher.example":           "tls to xn--bcher-kva.example:443",
		"":                         "",
		"example.com:":             "",
		"example.com:0":            "",
		"example.com:99999":        "",
		"example.com/":             "",
		"example.com/udp":          "",
		"example.com:443/tls/more": "",
		"https://example.com":      "",
		"[2001:db8::7":             "",
		"[2001:db8::7]22":          "",
		"2001:db8::7":              "",
		"localhost":                "",
		"db.example.com/tcp":       "",
		"10.0.0.1:22":              "", // only a document can say that it is private
	} {
		r, err := policy.ParseAllow(s)
		if want == "" {
			if err == nil || glovebox.AsError(err).Hint == "" {
				t.Errorf("%q: %+v, %v", s, r, err)
			}
			continue
		}
		if err != nil || policy.Rule(r) != want {
			t.Errorf("%q: %s, %v; want %s", s, policy.Rule(r), err, want)
		}
	}
}
