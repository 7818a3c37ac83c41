package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"glovebox"
)

// Admit holds a job against all that its tenant's policy says: Within, and
// besides where the image comes from, the limits, and the runtime. spec is
// completed. What the tenant's policy is silent about has no line.
func Admit(t glovebox.Tenant, spec glovebox.Spec) Decision {
	var d Decision
	d.runtime(t, spec.Runtime)
	if len(t.Policy.Images) > 0 {
		d.image(t.Policy.Images, spec.Image)
	}
	asked := bounds(spec.Limits)
	for i, most := range bounds(t.Policy.Limits) {
		if has := asked[i]; most.has > 0 {
			v := verdict{by: "policy.limits." + most.name}
			if has.has > most.has {
				v = verdict{why: "the tenant's policy allows at most " + most.words}
			}
			d.decide("limits."+most.name, has.words, v)
		}
	}
	if spec.Policy != nil {
		d.Lines = append(d.Lines, Within(t.Policy, *spec.Policy).Lines...)
	}
	return d
}

// runtime has a line if somebody had to say something about it.
func (d *Decision) runtime(t glovebox.Tenant, name string) {
	if name == "" {
		name = glovebox.RuntimeGVisor
	}
	allowed, by := t.Runtimes, "runtimes"
	if len(allowed) == 0 {
		allowed = []string{glovebox.RuntimeGVisor}
	}
	if len(t.Policy.Runtimes) > 0 {
		allowed, by = slices.DeleteFunc(slices.Clone(allowed), func(r string) bool { return !slices.Contains(t.Policy.Runtimes, r) }), "policy.runtimes"
	}
	switch {
	case !slices.Contains(allowed, name):
		d.decide("runtime", name, verdict{why: "the tenant's jobs run with " + strings.Join(allowed, " or ")})
	case name != glovebox.RuntimeGVisor || len(t.Policy.Runtimes) > 0:
		d.decide("runtime", name, verdict{by: by})
	}
}

func (d *Decision) image(patterns []string, name string) {
	full := imageName(name)
	for i, p := range patterns {
		prefix, wild := strings.CutSuffix(p, "*")
		if full == p || wild && strings.HasPrefix(full, prefix) || !wild && untagged(full) == p {
			d.decide("containerImage", full, verdict{by: fmt.Sprintf("policy.images[%d] (%s)", i, p)})
			return
		}
	}
	d.decide("containerImage", full, verdict{why: "the tenant's images come from " + strings.Join(patterns, ", ")})
}

// imageName is the full name of an image: registry, repository and tag or
// digest. What is no name stays as it is.
func imageName(name string) string {
	named, err := reference.ParseDockerRef(name)
	if err != nil {
		return name
	}
	return named.String()
}

// untagged is an image's name without tag and digest.
func untagged(name string) string {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return name
	}
	return named.Name()
}

// maxWidens bounds what people are shown of a decision before they sign.
const maxWidens = 40

// Widens names what is beyond the tenant's policy, for those who are to sign it;
// empty if nothing is. A line says first which field of the job it is about.
func (d Decision) Widens() []string {
	var all []string
	for _, l := range d.Lines {
		if l.Verdict != glovebox.PolicyBeyond {
			continue
		}
		name := strings.TrimPrefix(l.Field, "policy.")
		all = append(all, name+": "+l.What)
	}
	if n := len(all) - maxWidens; n > 1 {
		all = append(all[:maxWidens], fmt.Sprintf("and %d more", n))
	}
	return all
}

// Granted is the lines of a decision as they are kept with a job, once what is
// beyond was allowed: verdict is PolicySigned or PolicyTrusted, by whoever did.
// At most MaxPolicyLines, what was granted first.
func (d Decision) Granted(verdict, by string) []glovebox.PolicyLine {
	var granted, within []glovebox.PolicyLine
	for _, l := range d.Lines {
		if l.Verdict == glovebox.PolicyBeyond {
			l.Verdict, l.By = verdict, by
			granted = append(granted, l)
		} else {
			within = append(within, l)
		}
	}
	all := append(granted, within...)
	if n := len(all) - glovebox.MaxPolicyLines; n > 0 {
		all = append(all[:glovebox.MaxPolicyLines-1], glovebox.PolicyLine{Field: "policy", What: fmt.Sprintf("and %d more", n+1), Verdict: all[len(all)-1].Verdict})
	}
	return all
}
