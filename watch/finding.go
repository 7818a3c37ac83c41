package watch

import (
	"slices"
	"time"

	"glovebox"
)

// Rule is what a finding is of, from a closed list.
type Rule string

// The rules.
const (
	MetadataProbe  Rule = "metadata_probe"
	PortScan       Rule = "port_scan"
	DNSBurst       Rule = "dns_burst"
	MinerShape     Rule = "miner_shape"
	PrivilegeProbe Rule = "privilege_probe"
	EscapeAttempt  Rule = "escape_attempt"
	UnusualExec    Rule = "unusual_exec"
	RawSocket      Rule = "raw_socket"
	EgressRefused  Rule = "egress_refused"
	ForkBurst      Rule = "fork_burst"
	Drifted        Rule = glovebox.FindingDrift
)

// Rules lists them all.
func Rules() []Rule {
	all := make([]Rule, len(judges))
	for i, j := range judges {
		all[i] = j.rule
	}
	return all
}

// Severity is how much a finding matters.
type Severity string

// Severities, and the scores from which they are.
const (
	Low    Severity = glovebox.SeverityLow    // 0.4, but for what the rule drift finds
	Medium Severity = glovebox.SeverityMedium // 0.6
	High   Severity = glovebox.SeverityHigh   // 0.8
)

const (
	fires  = 0.4
	drifts = 0.1 // from where on the rule drift fires
	medium = 0.6
	high   = 0.8
)

func severity(score float64) Severity {
	switch {
	case score >= high:
		return High
	case score >= medium:
		return Medium
	}
	return Low
}

// AtLeast says whether a severity is another one or above it. Nothing is at
// least a severity that does not exist.
func (s Severity) AtLeast(other Severity) bool {
	has, least := slices.Index(glovebox.Severities(), string(s)), slices.Index(glovebox.Severities(), string(other))
	return least >= 0 && has >= least
}

// Finding is something about a job that is out of the ordinary.
type Finding struct {
	First    time.Time `json:"first"` // when it was told first
	At       time.Time `json:"at"`    // when the last of it was seen
	Rule     Rule      `json:"rule"`
	Severity Severity  `json:"severity"`
	Score    float64   `json:"score"`    // 0–1
	Evidence []string  `json:"evidence"` // at most MaxEvidence lines for people, each printable and short
	Count    uint64    `json:"count"`    // how often what it is about was seen
}

// Told is the finding as jobs keep it.
func (f Finding) Told() glovebox.Finding {
	return glovebox.Finding{Rule: string(f.Rule), Severity: string(f.Severity), Score: f.Score, Count: f.Count,
		First: f.First, Last: f.At, Evidence: f.Evidence}
}

// again is a finding that was told before.
func again(f glovebox.Finding) Finding {
	return Finding{First: f.First, At: f.Last, Rule: Rule(f.Rule), Severity: Severity(f.Severity), Score: f.Score,
		Evidence: f.Evidence, Count: f.Count}
}

// Bounds of a Finding's evidence.
const (
	MaxEvidence      = glovebox.MaxFindingLines
	MaxEvidenceBytes = glovebox.MaxFindingLine // of a line
)
