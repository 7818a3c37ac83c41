package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"glovebox"
	"glovebox/policy"
	"glovebox/watch"
)

// watchLines say for what of what it does a job is ended.
func watchLines(p glovebox.Policy) (lines [][2]string) {
	if k := p.Watch.Kill; k != "" {
		lines = append(lines, [2]string{"ends at findings", k})
	}
	if d := p.Watch.Drift; d > 0 && p.Profile != nil {
		lines = append(lines, [2]string{"ends at a drift", fmt.Sprint(d)})
	}
	return lines
}

// findingText is a finding in one line.
func findingText(f glovebox.Finding) string {
	text := fmt.Sprintf("%s %s score=%.2f count=%d last=%s", f.Rule, f.Severity, f.Score, f.Count, f.Last.UTC().Format(time.RFC3339Nano))
	if len(f.Evidence) > 0 {
		text += ": " + strings.Join(f.Evidence, "; ")
	}
	return text
}

// profileText is a profile in one line.
func profileText(p glovebox.Profile) string {
	return fmt.Sprintf("programs=%d ports=%d calls=%d tasks=%d memory=%s disk=%s", len(p.Execs), len(p.Binds), len(p.Calls), p.Tasks,
		humanSize(p.Memory), humanSize(p.Disk))
}

// leftProfile adds to how far a run left a policy what it did besides its
// network, if the policy has a profile and the run was watched.
func leftProfile(d policy.Anomaly, p glovebox.Policy, events []glovebox.NetEvent) policy.Anomaly {
	for _, e := range events {
		if p.Profile == nil || e.Profile == nil {
			continue
		}
		left := watch.DriftOf(*p.Profile, *e.Profile)
		for _, l := range left.Lines {
			d.Lines = append(d.Lines, policy.DriftLine{What: l.What, Why: "no run of the profile did that", Times: 1, Weight: l.Weight})
		}
		d.Score = 1 - (1-d.Score)*(1-left.Score)
	}
	slices.SortStableFunc(d.Lines, func(a, b policy.DriftLine) int { return cmp.Compare(b.Weight, a.Weight) })
	return d
}
