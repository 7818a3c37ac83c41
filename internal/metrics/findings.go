package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"glovebox"
)

// newFindings counts what the watch finds, from the audit events that tell of
// it. Rules and severities are closed lists.
func (m *Metrics) newFindings() *prometheus.CounterVec {
	return m.counter("glovebox_findings_total", "what the watch found out of the ordinary about jobs; one that becomes more severe counts again", "rule", "severity")
}

// found counts an event, if it is of a finding.
func (p power) found(e glovebox.AuditEvent) {
	rule, severity := e.Detail["rule"], e.Detail["severity"]
	if e.Action == "job.finding" && slices.Contains(glovebox.FindingRules(), rule) && slices.Contains(glovebox.Severities(), severity) {
		p.findings.WithLabelValues(rule, severity).Inc()
	}
}
