package metrics_test

import (
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/metrics"
	"glovebox/store/memory"
)

// TestFindings: what the watch found is counted by the audit events that tell of
// it, and no word of a node becomes a label.
func TestFindings(t *testing.T) {
	m := metrics.New(metrics.Config{})
	s := m.Store(memory.New())
	event := func(action, rule, severity string) glovebox.AuditEvent {
		return glovebox.AuditEvent{Tenant: "a", At: time.Unix(1_800_000_000, 0), Action: action, OK: true,
			Detail: map[string]string{"rule": rule, "severity": severity}}
	}
	events := []glovebox.AuditEvent{
		event("job.finding", "port_scan", "medium"), event("job.finding", "port_scan", "high"), event("job.finding", "port_scan", "high"),
		event("job.finding", "evil words", "high"), event("job.finding", "drift", "evil words"), event("job.end", "drift", "low"),
	}
	if err := s.Commit(t.Context(), nil, events...); err != nil {
		t.Fatal(err)
	}
	text := scrape(t, m)
	wants(t, text, `glovebox_findings_total{rule="port_scan",severity="medium"} 1`, `glovebox_findings_total{rule="port_scan",severity="high"} 2`)
	for _, word := range []string{"evil words", `rule="drift"`} {
		if strings.Contains(text, word) {
			t.Errorf("%s is in the metrics", word)
		}
	}
}
