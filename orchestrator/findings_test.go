package orchestrator_test

import (
	"slices"
	"testing"
	"time"

	"glovebox"
)

func finding(rule, severity string, score float64, at time.Time) glovebox.Finding {
	return glovebox.Finding{Rule: rule, Severity: severity, Score: score, Count: 1, First: at, Last: at, Evidence: []string{"a line"}}
}

// TestFindings: what a node finds is kept with the job, and told to the audit
// log once for each rule and severity, however often and late it is reported.
func TestFindings(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.start()
		job := r.submitOf("a", glovebox.Spec{Cmd: []string{"sleep", "1h"}})
		r.reaches(job.ID, glovebox.StatusRunning)
		noon := time.Now()
		report := func(attempt int, all ...glovebox.Finding) {
			r.Report(glovebox.Report{Job: job.ID, Attempt: attempt, Findings: all})
			time.Sleep(time.Second)
		}
		scan, probe := finding("port_scan", "medium", 0.7, noon), finding("metadata_probe", "medium", 0.7, noon)
		for range 3 {
			report(1, scan, probe)
		}
		report(1, probe)                                                                    // of a node that has lost its memory
		report(0, finding("dns_burst", "high", 0.9, noon))                                  // of another attempt
		report(1, finding("<script>", "high", 1, noon), finding("dns_burst", "x", 1, noon)) // of nobody
		worse := finding("port_scan", "high", 0.9, noon.Add(time.Minute))
		report(1, worse, probe)
		r.restart()
		report(1, worse, probe)
		if _, err := r.Cancel(t.Context(), of("a"), job.ID); err != nil {
			t.Fatal(err)
		}
		is := r.archived(job.ID)
		report(1, finding("fork_burst", "low", 0.5, noon)) // when all is over
		is = r.store.job(is.ID)
		var rules []string
		for _, f := range is.Findings {
			rules = append(rules, f.Rule+" "+f.Severity)
		}
		if want := []string{"port_scan high", "metadata_probe medium"}; !slices.Equal(rules, want) {
			t.Errorf("the job has %q, want %q", rules, want)
		}
		if f := is.Findings[0]; !f.First.Equal(noon) || !f.Last.Equal(noon.Add(time.Minute)) {
			t.Errorf("%+v", f)
		}
		var told []string
		for _, e := range r.events("a") {
			if e.Action == "job.finding" {
				told = append(told, e.Detail["rule"]+" "+e.Detail["severity"])
				if e.Target != job.ID || !e.OK || len(e.Detail) != 4 {
					t.Errorf("%+v", e)
				}
			}
		}
		if want := []string{"port_scan medium", "metadata_probe medium", "port_scan high"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

// TestWatchOfAJob: it is what its policy says, and else what its tenant does. It
// becomes stricter at once, and milder with a signature.
func TestWatchOfAJob(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		town := r.withTown()
		r.start()
		says := func(kill string, drift float64) *glovebox.Policy {
			return &glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: kill, Drift: drift}}
		}
		town.allows(t, "a", *says("medium", 0.5))
		spec := func(p *glovebox.Policy) glovebox.Spec {
			return glovebox.Spec{Image: "here", Cmd: []string{"sleep", "1h"}, Policy: p}
		}
		for _, c := range []struct {
			policy *glovebox.Policy
			watch  glovebox.WatchPolicy
			field  string // that takes a signature
		}{
			{nil, glovebox.WatchPolicy{Kill: "medium", Drift: 0.5}, ""},
			{says("low", 0), glovebox.WatchPolicy{Kill: "low", Drift: 0.5}, ""},
			{says("", 0.3), glovebox.WatchPolicy{Kill: "medium", Drift: 0.3}, ""},
			{says("high", 0), glovebox.WatchPolicy{}, "policy.watch.kill"},
			{says("never", 0), glovebox.WatchPolicy{}, "policy.watch.kill"},
			{says("", 0.9), glovebox.WatchPolicy{}, "policy.watch.drift"},
		} {
			job, _, err := r.Submit(t.Context(), of("a"), spec(c.policy), nil)
			if c.field != "" {
				wantRefused(t, err, glovebox.KindApproval, c.field)
				job, _, err = r.SubmitApproved(t.Context(), of("a"), spec(c.policy), nil, signed("person:1"))
				c.watch = c.policy.Watch.Or(glovebox.WatchPolicy{Kill: "medium", Drift: 0.5})
			}
			if err != nil || job.Watch != c.watch || job.Allowed().Watch != c.watch {
				t.Errorf("%+v: %+v, %v", c.policy, job.Watch, err)
			}
			if _, err := r.Cancel(t.Context(), of("a"), job.ID); err != nil {
				t.Fatal(err)
			}
		}
		job := r.submitOf("a", spec(nil))
		r.reaches(job.ID, glovebox.StatusRunning)
		change := func(p *glovebox.Policy, all ...glovebox.Approval) (glovebox.Job, error) {
			return r.ChangePolicy(t.Context(), of("a"), job.ID, glovebox.PolicyChange{Policy: p, Seen: -1, Approvals: all})
		}
		if is, err := change(says("low", 0)); err != nil || is.Watch != (glovebox.WatchPolicy{Kill: "low", Drift: 0.5}) {
			t.Errorf("stricter: %+v, %v", is.Watch, err)
		}
		if is, err := change(nil); err != nil || is.PolicyRevision != 1 || is.Watch.Kill != "low" {
			t.Errorf("silent: revision %d, %+v, %v", is.PolicyRevision, is.Watch, err)
		}
		_, err := change(says("medium", 0))
		wantRefused(t, err, glovebox.KindApproval, "policy.watch.kill")
		if is, err := change(says("medium", 0), signed("person:1")...); err != nil || is.Watch.Kill != "medium" {
			t.Errorf("signed: %+v, %v", is.Watch, err)
		}
		learned := &glovebox.Policy{Profile: &glovebox.Profile{Runs: 1, Execs: []string{"/bin/sh"}}}
		if is, err := change(learned); err != nil || is.Allowed().Profile == nil {
			t.Errorf("a profile: %+v, %v", is.Allowed(), err)
		}
		_, err = change(&glovebox.Policy{Profile: &glovebox.Profile{Runs: 1}})
		wantRefused(t, err, glovebox.KindApproval, "policy.profile")
		if _, err := r.Cancel(t.Context(), of("a"), job.ID); err != nil {
			t.Fatal(err)
		}
		r.allArchived(time.Minute)
	})
}
