package glovebox

import (
	"slices"
	"time"
)

// Finding is something out of the ordinary that a job was seen to do, by one
// rule of package watch. It is told when the rule fires first, and again when
// it becomes much more; a job has one of each rule.
type Finding struct {
	Rule     string    `json:"rule"`     // of FindingRules
	Severity string    `json:"severity"` // of Severities
	Score    float64   `json:"score"`    // 0–1
	Count    uint64    `json:"count"`    // how often what it is about was seen
	First    time.Time `json:"first"`    // when it was seen, by the node's clock
	Last     time.Time `json:"last"`
	Evidence []string  `json:"evidence,omitempty"` // at most MaxFindingLines for people, each printable and at most MaxFindingLine bytes long
}

// Bounds of a Finding's evidence.
const (
	MaxFindingLines = 5
	MaxFindingLine  = 200
)

// Severities of a Finding, from the scores 0.4, 0.6 and 0.8 on.
const (
	SeverityLow    = "low"
	SeverityMedium = "medium"
	SeverityHigh   = "high"
)

// Severities lists them, the least first.
func Severities() []string { return []string{SeverityLow, SeverityMedium, SeverityHigh} }

// FindingDrift is the rule about leaving the profile of a policy.
const FindingDrift = "drift"

// FindingRules lists what a Finding can be of; package watch says what each
// means.
func FindingRules() []string {
	return []string{
		"metadata_probe", "port_scan", "dns_burst", "miner_shape", "privilege_probe", "escape_attempt", "unusual_exec",
		"raw_socket", "egress_refused", "fork_burst", FindingDrift,
	}
}

// MergeFindings is all that both tell, one of each rule: the one with the higher
// score, the first time, the last, and the larger count. What is in neither list
// of rules and severities is left out.
func MergeFindings(old, news []Finding) []Finding {
	all := slices.Clone(old)
	for _, f := range news {
		if !slices.Contains(FindingRules(), f.Rule) || !slices.Contains(Severities(), f.Severity) {
			continue
		}
		at := slices.IndexFunc(all, func(g Finding) bool { return g.Rule == f.Rule })
		if at < 0 {
			all = append(all, f)
			continue
		}
		all[at] = all[at].merge(f)
	}
	return all
}

func (f Finding) merge(g Finding) Finding {
	best := f
	if g.Score > f.Score || g.Score == f.Score && g.Count > f.Count {
		best = g
	}
	best.Count = max(f.Count, g.Count)
	if best.First = f.First; g.First.Before(f.First) {
		best.First = g.First
	}
	if best.Last = f.Last; g.Last.After(f.Last) {
		best.Last = g.Last
	}
	return best
}
