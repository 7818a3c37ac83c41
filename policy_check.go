package glovebox

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// More bounds of a Policy.
const (
	MaxJobPolicyBytes = 64 << 10 // of a job's own, as JSON
	MaxRuleName       = 300      // bytes of EgressRule.Name
	maxPatterns       = 64       // of Policy.Images
)

// Complete checks a policy that comes from outside and returns it in its one
// spelling, with every default filled in: domains in lower case, a name for
// each rule, the version. The first fault is returned, with the field to blame,
// such as "policy.egress[3].domain"; nothing of p is changed.
//
// That an address can never be reached, and that a wildcard stands over a
// public suffix, package policy finds.
func (p Policy) Complete() (Policy, error) {
	p = p.Clone()
	switch p.Version {
	case "":
		p.Version = PolicyVersion
	case PolicyVersion:
	default:
		return Policy{}, Errorf(KindInvalid, "unknown version %q", p.Version).On("policy.version").Try("write %s", PolicyVersion)
	}
	for _, check := range []func(*Policy) error{
		(*Policy).checkEgress, (*Policy).checkSecrets, (*Policy).checkImages, (*Policy).checkLimits, (*Policy).checkRuntimes,
		(*Policy).checkWatch, (*Policy).checkProfile,
	} {
		if err := check(&p); err != nil {
			return Policy{}, err
		}
	}
	if n := p.size(); n > MaxPolicyBytes {
		return Policy{}, Errorf(KindTooLarge, "the policy has %d bytes", n).On("policy").Try("at most %d", MaxPolicyBytes)
	}
	return p, nil
}

// CompleteJob is Complete for the policy of a job, which has no images, limits
// or runtimes: the job's spec says these. nil, or one that gives the job
// nothing, is nil.
func (p *Policy) CompleteJob() (*Policy, error) {
	if p == nil {
		return nil, nil
	}
	switch {
	case len(p.Images) > 0:
		return nil, tenantsOnly("images", "containerImage")
	case p.Limits != Limits{}:
		return nil, tenantsOnly("limits", "limits")
	case len(p.Runtimes) > 0:
		return nil, tenantsOnly("runtimes", "runtime")
	}
	done, err := p.Complete()
	if err != nil {
		return nil, err
	}
	if n := done.size(); n > MaxJobPolicyBytes {
		return nil, Errorf(KindTooLarge, "the policy has %d bytes", n).On("policy").Try("a job's has at most %d", MaxJobPolicyBytes)
	}
	if done.Silent() {
		return nil, nil
	}
	return &done, nil
}

func tenantsOnly(field, spec string) error {
	return Errorf(KindInvalid, "only a tenant's policy has this").On("policy."+field).Try("leave it out; the job itself says it in %s", spec)
}

// Empty says whether a job with the policy reaches nothing and is given nothing.
func (p Policy) Empty() bool { return len(p.Egress) == 0 && len(p.Secrets) == 0 && !p.Observe }

// Silent says whether a policy says nothing at all.
func (p Policy) Silent() bool { return p.Empty() && p.Watch == (WatchPolicy{}) && p.Profile == nil }

// NeedsAdmin says whether a job's policy, where it goes beyond its tenant's,
// takes the signature of an admin: it names addresses or private destinations,
// has the job observed, or lets no finding end it.
func (p *Policy) NeedsAdmin() bool {
	return p != nil && (p.Observe || p.Watch.Kill == WatchNever || slices.ContainsFunc(p.Egress, func(r EgressRule) bool { return r.Private || r.Address != "" }))
}

// Equal says whether two completed policies are the same.
func (p Policy) Equal(q Policy) bool {
	a, errA := json.Marshal(p)
	b, errB := json.Marshal(q)
	return errA == nil && errB == nil && reflect.DeepEqual(a, b)
}

func (p Policy) size() int {
	b, _ := json.Marshal(p) // strings and numbers that were checked
	return len(b)
}

// Clone shares nothing with p.
func (p Policy) Clone() Policy {
	p.Egress, p.Secrets = slices.Clone(p.Egress), slices.Clone(p.Secrets)
	p.Images, p.Runtimes = slices.Clone(p.Images), slices.Clone(p.Runtimes)
	for i := range p.Egress {
		p.Egress[i].Methods, p.Egress[i].Paths = slices.Clone(p.Egress[i].Methods), slices.Clone(p.Egress[i].Paths)
	}
	if p.Profile != nil {
		profile := p.Profile.Clone()
		p.Profile = &profile
	}
	return p
}

func (p *Policy) checkImages() error {
	if len(p.Images) > maxPatterns {
		return Errorf(KindTooLarge, "%d image sources", len(p.Images)).On("policy.images").Try("at most %d", maxPatterns)
	}
	for i, pattern := range p.Images {
		field := "policy.images[" + itoa(i) + "]"
		switch star := strings.IndexByte(pattern, '*'); {
		case pattern == "" || len(pattern) > MaxImageName || !printable(pattern) || strings.Contains(pattern, " "):
			return Errorf(KindInvalid, "not an image source").On(field).Try("give a full name, such as docker.io/library/python:3, or its beginning and a *")
		case star >= 0 && star != len(pattern)-1:
			return Errorf(KindInvalid, "a * can only stand at the end").On(field).Try("write it like docker.io/library/*")
		case slices.Contains(p.Images[:i], pattern):
			return duplicate(field, pattern)
		}
	}
	return nil
}

func (p *Policy) checkLimits() error {
	lo, hi, l := MinLimits(), MaxLimits(), p.Limits
	for _, c := range []struct {
		name        string
		v, min, max int64
	}{
		{"memory", l.Memory, lo.Memory, hi.Memory}, {"pids", l.Pids, lo.Pids, hi.Pids}, {"disk", l.Disk, lo.Disk, hi.Disk},
		{"inodes", l.Inodes, lo.Inodes, hi.Inodes}, {"files", l.Files, lo.Files, hi.Files}, {"output", l.Output, lo.Output, hi.Output},
		{"artifacts", l.Artifacts, lo.Artifacts, hi.Artifacts},
	} {
		if c.v != 0 && (c.v < c.min || c.v > c.max) {
			return Errorf(KindInvalid, "%d is out of range", c.v).On("policy.limits."+c.name).Try("between %d and %d, or 0 for no bound", c.min, c.max)
		}
	}
	if l.CPUs != 0 && !(l.CPUs >= lo.CPUs && l.CPUs <= hi.CPUs) { // also refuses NaN
		return Errorf(KindInvalid, "%v is out of range", l.CPUs).On("policy.limits.cpus").Try("between %v and %v, or 0 for no bound", lo.CPUs, hi.CPUs)
	}
	return nil
}

func (p *Policy) checkRuntimes() error {
	if len(p.Runtimes) == 0 {
		return nil
	}
	all, err := completeRuntimes(p.Runtimes)
	if err != nil {
		return AsError(err).On("policy.runtimes")
	}
	p.Runtimes = all
	return nil
}

func duplicate(field, what string) error {
	return Errorf(KindInvalid, "%q is there twice", what).On(field).Try("leave one of them out")
}
