package policy_test

import (
	"slices"
	"strings"
	"testing"

	"glovebox"
	"glovebox/policy"
)

// TestParseWatch: what a document says of the watch is read, and its faults are
// found with their place.
func TestParseWatch(t *testing.T) {
	p, err := policy.Parse([]byte(head + `
watch: {kill: high, drift: 0.3}
profile: {runs: 2, execs: [/bin/sh, /bin/a, /bin/sh], calls: [read], missed: {exec: 1}, tasks: 3}
`))
	if err != nil || p.Watch != (glovebox.WatchPolicy{Kill: "high", Drift: 0.3}) || !slices.Equal(p.Profile.Execs, []string{"/bin/a", "/bin/sh"}) {
		t.Fatalf("%+v, %v", p, err)
	}
	if done, err := p.CompleteJob(); err != nil || done == nil || done.Silent() || !done.Empty() {
		t.Errorf("%+v, %v", done, err)
	}
	again, err := policy.Parse(policy.YAML(p, nil, nil))
	if err != nil || !again.Equal(p) {
		t.Errorf("%s: %v", policy.YAML(p, nil, nil), err)
	}
	text := strings.Join(policy.Explain(p), "\n")
	for _, want := range []string{
		"watch.kill: findings of severity high end the job.", "watch.drift: leaving the profile with a score of 0.3 or more ends the job.",
		"profile: what 2 runs did: 2 programs, 0 ports that were listened at, 1 system call.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for doc, field := range map[string]string{
		"watch: {kill: dire}":                                            "policy.watch.kill",
		"watch: {kill: 1}":                                               "policy.watch.kill",
		"watch: {drift: 1.5}":                                            "policy.watch.drift",
		"watch: {drift: -1}":                                             "policy.watch.drift",
		"watch: {end: high}":                                             "policy.watch.end",
		"profile: {execs: [/bin/sh]}":                                    "policy.profile.runs",
		"profile: {runs: 1, memory: -1}":                                 "policy.profile",
		`profile: {runs: 1, execs: ["/bin/a\nb"]}`:                       "policy.profile.execs[0]",
		`profile: {runs: 1, tried: ["a.example", ""]}`:                   "policy.profile.tried[1]",
		"profile: {runs: 1, tasks: -1}":                                  "policy.profile.tasks",
		"profile: {runs: 1, kinds: [" + strings.Repeat("x, ", 65) + "]}": "policy.profile.kinds",
	} {
		_, err := policy.Parse([]byte(head + "\n" + doc + "\n"))
		if e := glovebox.AsError(err); err == nil || e.Field != field || e.Hint == "" {
			t.Errorf("%s: %v on %q, want %q", doc, err, e.Field, field)
		}
	}
}

// TestWithinWatch: a job is within if it is at least as strict as its tenant.
func TestWithinWatch(t *testing.T) {
	profile, other := &glovebox.Profile{Runs: 1}, &glovebox.Profile{Runs: 2}
	for _, c := range []struct {
		ceiling, want glovebox.Policy
		beyond        string
	}{
		{glovebox.Policy{}, glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "never", Drift: 1}, Profile: profile}, ""},
		{glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "high", Drift: 0.5}}, glovebox.Policy{}, ""},
		{glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "medium"}}, glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "low"}}, ""},
		{glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "medium"}}, glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "medium"}}, ""},
		{glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "medium"}}, glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "high"}}, "policy.watch.kill"},
		{glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "high"}}, glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "never"}}, "policy.watch.kill"},
		{glovebox.Policy{Watch: glovebox.WatchPolicy{Drift: 0.5}}, glovebox.Policy{Watch: glovebox.WatchPolicy{Drift: 0.6}}, "policy.watch.drift"},
		{glovebox.Policy{Profile: profile}, glovebox.Policy{Profile: profile}, ""},
		{glovebox.Policy{Profile: profile}, glovebox.Policy{Profile: other}, "policy.profile"},
	} {
		first, field := policy.Within(c.ceiling, c.want).First(), ""
		if first != nil {
			field = first.Field
		}
		if field != c.beyond {
			t.Errorf("%+v within %+v: %q is beyond, want %q", c.want, c.ceiling, field, c.beyond)
		}
		if policy.Narrower(c.ceiling, c.want) != (c.beyond == "") {
			t.Errorf("%+v after %+v is narrower, or not", c.want, c.ceiling)
		}
	}
}

// TestLearnProfile: what watched runs did becomes the policy's profile, with
// what they asked for in vain.
func TestLearnProfile(t *testing.T) {
	profiled := func(p glovebox.Profile) glovebox.NetEvent {
		return glovebox.NetEvent{Type: glovebox.NetProfile, Profile: &p}
	}
	events := slices.Concat(opened(1, "tls", "api.example", "203.0.113.1:443"), []glovebox.NetEvent{
		{Type: glovebox.NetDNS, Allowed: true, Name: "unused.example"},
		{Type: glovebox.NetOpen, Name: "evil.example", Address: "203.0.113.9:443", Proto: "tls", Reason: glovebox.NetNoRule},
		{Type: glovebox.NetFinding, Finding: &glovebox.Finding{Rule: "port_scan"}},
		profiled(glovebox.Profile{Runs: 1, Execs: []string{"/bin/sh"}, Memory: 10 << 20, Disk: 1 << 20, Tasks: 4}),
	})
	l := policy.Learn(policy.Run{Events: events}, policy.Run{Events: []glovebox.NetEvent{
		profiled(glovebox.Profile{Runs: 1, Execs: []string{"/bin/ls"}, Tasks: 2})}, Usage: glovebox.Usage{MemoryPeak: 20 << 20}})
	p := l.Policy.Profile
	if p == nil || p.Runs != 2 || !slices.Equal(p.Execs, []string{"/bin/ls", "/bin/sh"}) || p.Memory != 20<<20 || l.Tasks != 4 ||
		!slices.Equal(p.Tried, []string{"evil.example", "unused.example"}) || l.Policy.Watch.Drift != policy.LearnedDrift {
		t.Fatalf("%+v of %+v", p, l)
	}
	doc := l.YAML()
	if again, err := policy.Parse(doc); err != nil || !again.Equal(l.Policy) {
		t.Errorf("%s: %v", doc, err)
	}
	for _, want := range []string{"# Processes and threads: at most 4; `--pids 16`", "# Disk: at most 1 MiB; `--disk 16m`", "# Memory: at most 20 MiB"} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("no %q in\n%s", want, doc)
		}
	}
	if d := policy.Drift(l.Policy, events); d.Score != 0 {
		t.Errorf("what was learned from drifts: %+v", d)
	}
	// Nobody watched: nothing is held against anybody.
	if l := policy.Learn(policy.Run{Events: events[:4]}); l.Policy.Profile != nil || l.Policy.Watch.Drift != 0 {
		t.Errorf("%+v", l.Policy)
	}
	// Whatever runs did, the policy is one that a job can have.
	var huge glovebox.Profile
	for i := range glovebox.MaxProfileExecs {
		huge.Execs = append(huge.Execs, "/bin/"+strings.Repeat("x", 280)+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	huge.Runs = 1
	l = policy.Learn(policy.Run{Events: []glovebox.NetEvent{profiled(huge)}})
	if _, err := l.Policy.CompleteJob(); err != nil || l.Policy.Profile == nil || len(l.Notes) == 0 {
		t.Errorf("%d programs, %q, %v", len(l.Policy.Profile.Execs), l.Notes, err)
	}
}
