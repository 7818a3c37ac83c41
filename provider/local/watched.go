package local

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox"
	"glovebox/internal/nodev1"
)

// watched reports what a node's watch found of an ordered sandbox, if it is
// anything else than it told before; else nil.
func (o *order) watched(s *nodev1.Sandbox, now time.Time) *glovebox.Report {
	told := s.GetFindings()
	if slices.EqualFunc(told, o.found, func(a, b *nodev1.Finding) bool { return proto.Equal(a, b) }) {
		return nil
	}
	o.found = told
	found := findings(told, now)
	if len(found) == 0 {
		return nil
	}
	return &glovebox.Report{Job: o.job, Attempt: o.attempt, Findings: found}
}

// findings takes over what a node says, of rules and severities that exist, one
// of each rule.
func findings(told []*nodev1.Finding, now time.Time) []glovebox.Finding {
	var all []glovebox.Finding
	for _, f := range told[:min(len(told), len(glovebox.FindingRules()))] {
		score := f.GetScore()
		if !(score >= 0 && score <= 1) { // also NaN
			continue
		}
		g := glovebox.Finding{Rule: f.GetRule(), Severity: f.GetSeverity(), Score: score, Count: f.GetCount(),
			First: seenAt(f.GetFirst(), now), Last: seenAt(f.GetLast(), now)}
		for _, line := range f.GetEvidence()[:min(len(f.GetEvidence()), glovebox.MaxFindingLines)] {
			g.Evidence = append(g.Evidence, shown(line))
		}
		all = glovebox.MergeFindings(all, []glovebox.Finding{g})
	}
	slices.SortStableFunc(all, func(a, b glovebox.Finding) int { return a.First.Compare(b.First) })
	return all
}

// seenAt believes a node's clock only as far as it is possible.
func seenAt(t *timestamppb.Timestamp, now time.Time) time.Time {
	if at := t.AsTime(); t.IsValid() && !at.After(now) && at.Year() > 1970 {
		return at
	}
	return now.UTC().Round(0)
}

// shown is text fit to be shown.
func shown(line string) string {
	line = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(line, "?"))
	return strings.ToValidUTF8(line[:min(len(line), glovebox.MaxFindingLine)], "")
}
