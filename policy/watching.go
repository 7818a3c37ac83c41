package policy

import (
	"fmt"
	"reflect"

	"glovebox"
)

// watch has a line for each thing that a job says of what ends it, and of what
// it is held against. Stricter than the ceiling is within.
func (d *Decision) watch(ceiling, want glovebox.Policy) {
	if kill := want.Watch.Kill; kill != "" {
		v := verdict{by: saidBy("policy.watch.kill", ceiling.Watch.Kill != "")}
		if !glovebox.StricterKill(kill, ceiling.Watch.Kill) {
			v = verdict{why: "the tenant's policy ends jobs at " + findings(ceiling.Watch.Kill)}
		}
		d.decide("policy.watch.kill", ends(kill), v)
	}
	if score := want.Watch.Drift; score > 0 {
		v := verdict{by: saidBy("policy.watch.drift", ceiling.Watch.Drift > 0)}
		if most := ceiling.Watch.Drift; most > 0 && score > most {
			v = verdict{why: fmt.Sprintf("the tenant's policy ends jobs at a drift of %v", most)}
		}
		d.decide("policy.watch.drift", fmt.Sprintf("a drift of %v ends the job", score), v)
	}
	if want.Profile != nil {
		v := verdict{by: saidBy("policy.profile", ceiling.Profile != nil)}
		if ceiling.Profile != nil && !reflect.DeepEqual(ceiling.Profile, want.Profile) {
			v = verdict{why: "the job has a profile, and this is another"}
		}
		d.decide("policy.profile", "what "+counted(want.Profile.Runs, "run")+" did", v)
	}
}

// saidBy is the part of a ceiling that decides.
func saidBy(part string, there bool) string {
	if there {
		return part
	}
	return "policy (says nothing of it)"
}

// Watching says in words what ends a job and what it is held against.
func Watching(p glovebox.Policy) (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if p.Watch.Kill != "" {
		add("watch.kill: %s.", ends(p.Watch.Kill))
	}
	if p.Watch.Drift > 0 {
		add("watch.drift: leaving the profile with a score of %v or more ends the job.", p.Watch.Drift)
	}
	if q := p.Profile; q != nil {
		add("profile: what %s did: %s, %s that were listened at, %s.", counted(q.Runs, "run"),
			counted(len(q.Execs), "program"), counted(len(q.Binds), "port"), counted(len(q.Calls), "system call"))
	}
	return all
}

func ends(kill string) string {
	if kill == glovebox.WatchNever {
		return "no finding of the watch ends the job"
	}
	return findings(kill) + " end the job"
}

func findings(kill string) string {
	if kill == glovebox.SeverityHigh {
		return "findings of severity high"
	}
	return "findings of severity " + kill + " or above"
}
