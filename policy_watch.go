package glovebox

import "slices"

// WatchPolicy says for what the anomaly watch ends a job: FAILED, with
// ReasonPolicyDenied and a message that names the rule. A tenant's holds for
// each of its jobs that does not say anything else; stricter is always within.
type WatchPolicy struct {
	Kill  string  `json:"kill,omitempty"`  // findings of this severity and above: one of Severities, or WatchNever
	Drift float64 `json:"drift,omitempty"` // leaving the policy's profile with this score and above: above 0, at most 1
}

// WatchNever is the WatchPolicy.Kill of a job that no finding ends. Where its
// tenant says something else it takes the signature of an admin.
const WatchNever = "never"

// Or is w, and what it does not say as other has it.
func (w WatchPolicy) Or(other WatchPolicy) WatchPolicy {
	if w.Kill == "" {
		w.Kill = other.Kill
	}
	if w.Drift == 0 {
		w.Drift = other.Drift
	}
	return w
}

// Ends says whether a finding ends a job.
func (w WatchPolicy) Ends(f Finding) bool {
	kill, is := slices.Index(Severities(), w.Kill), slices.Index(Severities(), f.Severity)
	return kill >= 0 && is >= kill || f.Rule == FindingDrift && w.Drift > 0 && f.Score >= w.Drift
}

// killRank orders WatchPolicy.Kill, the strictest first. Saying nothing is as
// lenient as WatchNever.
func killRank(kill string) int {
	if at := slices.Index(Severities(), kill); at >= 0 {
		return at
	}
	return len(Severities())
}

// StricterKill says whether one WatchPolicy.Kill is another, or stricter.
func StricterKill(kill, than string) bool { return killRank(kill) <= killRank(than) }

func (p *Policy) checkWatch() error {
	if k := p.Watch.Kill; k != "" && k != WatchNever && !slices.Contains(Severities(), k) {
		return Errorf(KindInvalid, "%q is not a severity", k).On("policy.watch.kill").
			Try("use %s, %s, %s or %s", SeverityLow, SeverityMedium, SeverityHigh, WatchNever)
	}
	if d := p.Watch.Drift; d != 0 && !(d > 0 && d <= 1) { // also refuses NaN
		return Errorf(KindInvalid, "%v is not a score", d).On("policy.watch.drift").Try("use more than 0 and at most 1")
	}
	return nil
}

// checkProfile also puts the lists in order.
func (p *Policy) checkProfile() error {
	if p.Profile == nil {
		return nil
	}
	const field = "policy.profile"
	switch {
	case p.Profile.Runs < 1:
		return Errorf(KindInvalid, "a profile of %d runs says nothing", p.Profile.Runs).On(field + ".runs").
			Try("learn it with `glovebox policy learn`")
	case p.Profile.Memory < 0 || p.Profile.CPU < 0 || p.Profile.Disk < 0:
		return Errorf(KindInvalid, "less than nothing cannot be used").On(field).Try("leave memory, cpu or disk out")
	case len(p.Profile.Missed) > MaxProfileRest:
		return Errorf(KindTooLarge, "%d kinds", len(p.Profile.Missed)).On(field+".missed").Try("at most %d", MaxProfileRest)
	}
	for _, l := range p.Profile.lists() {
		if len(*l.values) > l.max {
			return Errorf(KindTooLarge, "%d values", len(*l.values)).On(field+"."+l.name).Try("at most %d", l.max)
		}
		for i, v := range *l.values {
			if v == "" || len(v) > MaxProfileText || !printable(v) {
				return Errorf(KindInvalid, "%.80q cannot be kept", v).On(field+"."+l.name+"["+itoa(i)+"]").
					Try("use 1 to %d printable bytes", MaxProfileText)
			}
		}
	}
	ordered := p.Profile.Ordered()
	p.Profile = &ordered
	return nil
}
