package main

import (
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/policy"
)

// TestFindingText: findings and profiles are one line each, whatever is in them.
func TestFindingText(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for want, e := range map[string]glovebox.NetEvent{
		"2026-01-02T12:00:00Z finding port_scan high score=0.90 count=60 last=2026-01-02T12:00:00Z: 60 ports of 93.184.216.34": {
			Type: glovebox.NetFinding, Finding: &glovebox.Finding{Rule: "port_scan", Severity: "high", Score: 0.9, Count: 60, Last: noon,
				Evidence: []string{"60 ports of 93.184.216.34"}}},
		"2026-01-02T12:00:00Z profile programs=2 ports=1 calls=0 tasks=3 memory=1 MiB disk=0 B": {
			Type: glovebox.NetProfile, Profile: &glovebox.Profile{Runs: 1, Execs: []string{"/a", "/b"}, Binds: []string{"tcp/80"}, Tasks: 3, Memory: 1 << 20}},
		"2026-01-02T12:00:00Z refused finding": {Type: glovebox.NetFinding}, // of a node that says nothing
	} {
		e.At = noon
		if got := eventText(e); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestLeftProfile: a run's drift is what it left of the network's rules and of
// the profile together.
func TestLeftProfile(t *testing.T) {
	p := glovebox.Policy{Version: glovebox.PolicyVersion, Profile: &glovebox.Profile{Runs: 1, Execs: []string{"/bin/sh"}}}
	ran := func(execs ...string) []glovebox.NetEvent {
		return []glovebox.NetEvent{{Type: glovebox.NetProfile, Profile: &glovebox.Profile{Runs: 1, Execs: execs}}}
	}
	evil := glovebox.NetEvent{Type: glovebox.NetDNS, Name: "evil.example", Reason: glovebox.NetNoRule}
	for _, c := range []struct {
		events []glovebox.NetEvent
		score  float64
		first  string
	}{
		{ran("/bin/sh"), 0, ""},
		{ran("/bin/sh", "/tmp/a"), 0.3, "program /tmp/a"},
		{append(ran("/bin/sh", "/tmp/a"), evil), 0.65, "the name evil.example"},
		{nil, 0, ""},
	} {
		d := leftProfile(policy.Drift(p, c.events), p, c.events)
		if d.Score < c.score-0.001 || d.Score > c.score+0.001 || c.first != "" && !strings.HasPrefix(d.Lines[0].What, c.first) {
			t.Errorf("%+v, want %v of %q", d, c.score, c.first)
		}
	}
}
