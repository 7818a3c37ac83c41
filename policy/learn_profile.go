package policy

import (
	"maps"
	"slices"

	"glovebox"
)

// LearnedDrift is the WatchPolicy.Drift of a learned policy: a program that no
// run executed, or a name that none asked for, ends the job. A new port that is
// listened at, or a few new system calls, are only told of.
const LearnedDrift = 0.3

// profiles is what the watch noted of all runs together; nil if nobody watched.
// What they asked for in vain is a part of it, since runs with the learned policy
// ask for it, too, and are refused.
func (l *Learned) profiles(runs []Run) *glovebox.Profile {
	var all glovebox.Profile
	for _, run := range runs {
		for _, e := range run.Events {
			if e.Type == glovebox.NetProfile && e.Profile != nil {
				all = all.Merge(*e.Profile)
				all.Memory = max(all.Memory, run.Usage.MemoryPeak)
			}
		}
	}
	if all.Runs == 0 {
		return nil
	}
	tried := map[string]bool{}
	for _, run := range runs {
		for _, e := range run.Events {
			if what := e.Tried(); what != "" && (e.Type == glovebox.NetDNS || !e.Allowed) {
				tried[what] = true
			}
		}
	}
	all.Tried = slices.Collect(maps.Keys(tried))
	l.Memory, l.Disk, l.Tasks = max(l.Memory, all.Memory), all.Disk, all.Tasks
	return &all
}

// hold puts the profile into the policy: what the rules allow was not tried in
// vain, and lists that make the document too large are left out.
func (l *Learned) hold(p *glovebox.Profile) {
	if p == nil {
		return
	}
	p.Tried = slices.DeleteFunc(p.Tried, func(what string) bool {
		return slices.ContainsFunc(l.Policy.Egress, func(r glovebox.EgressRule) bool { return r.Domain == what })
	})
	next := l.Policy
	next.Watch.Drift = LearnedDrift
	for _, leave := range []struct {
		what string
		list *[]string
	}{{"", nil}, {"what was tried in vain", &p.Tried}, {"system calls", &p.Calls}, {"programs", &p.Execs}} {
		if leave.list != nil {
			*leave.list = nil
			l.Notes = append(l.Notes, "left out: "+leave.what+": the policy would be too large")
		}
		ordered := p.Ordered()
		next.Profile = &ordered
		if done, err := next.CompleteJob(); err == nil {
			l.Policy = *done
			return
		}
	}
	l.Notes = append(l.Notes, "left out: the profile: it cannot be kept")
}
