package orchestrator

import (
	"slices"
	"strconv"
	"time"

	"glovebox"
)

// found is what the audit log is told of findings that a job had not, or that
// are more severe now. Evidence is not told: a job has a hand in it.
func found(was, is glovebox.Job, now time.Time) []glovebox.AuditEvent {
	var events []glovebox.AuditEvent
	for _, f := range is.Findings {
		known := slices.ContainsFunc(was.Findings, func(g glovebox.Finding) bool { return g.Rule == f.Rule && g.Severity == f.Severity })
		if known {
			continue
		}
		events = append(events, glovebox.AuditEvent{
			Tenant: is.Tenant, At: now, Action: "job.finding", Target: is.ID, OK: true,
			Detail: map[string]string{"rule": f.Rule, "severity": f.Severity, "score": strconv.FormatFloat(f.Score, 'f', 2, 64),
				"count": strconv.FormatUint(f.Count, 10)},
		})
	}
	return events
}

// watchedBy is for what of what it does a job is ended: what its policy says,
// and what that does not say as its tenant has it.
func watchedBy(p *glovebox.Policy, t glovebox.Tenant) glovebox.WatchPolicy {
	if p == nil {
		return t.Policy.Watch
	}
	return p.Watch.Or(t.Policy.Watch)
}

// keepsWatch is the next policy of a job whose watch and profile stay as they are
// where it does not say anything of them; nil if it says nothing at all.
func keepsWatch(next *glovebox.Policy, was glovebox.Policy) *glovebox.Policy {
	is := glovebox.Policy{Version: glovebox.PolicyVersion}
	if next != nil {
		is = *next
	}
	is.Watch = is.Watch.Or(was.Watch)
	if is.Profile == nil {
		is.Profile = was.Profile
	}
	if is.Silent() {
		return nil
	}
	return &is
}
