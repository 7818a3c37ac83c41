package watch

import "time"

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
	Low    Severity = "low"    // 0.4
	Medium Severity = "medium" // 0.6
	High   Severity = "high"   // 0.8
)

const (
	fires  = 0.4
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
	rank := map[Severity]int{Low: 1, Medium: 2, High: 3}
	return rank[other] > 0 && rank[s] >= rank[other]
}

// Finding is something about a job that is out of the ordinary.
type Finding struct {
	At       time.Time `json:"at"` // when the last of it was seen
	Rule     Rule      `json:"rule"`
	Severity Severity  `json:"severity"`
	Score    float64   `json:"score"`    // 0–1
	Evidence []string  `json:"evidence"` // at most MaxEvidence lines for people, each printable and short
	Count    uint64    `json:"count"`    // how often what it is about was seen
}

// Bounds of a Finding's evidence.
const (
	MaxEvidence      = 5
	MaxEvidenceBytes = 200 // of a line
)
