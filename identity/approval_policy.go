package identity

import (
	"context"
	"strconv"

	"glovebox"
	"glovebox/policy"
)

// PolicyChange is what people sign to have a policy changed: that of a job which
// is there already or, without one, their tenant's.
type PolicyChange struct {
	Job    string // "" for the tenant's
	Seen   int64  // revision of the job's policy, or version of the tenant's settings, that is to be replaced
	Policy *glovebox.Policy
	Widens []string // what is more than before; for people
}

// signedPolicy is what people agree to: what is allowed from then on in words,
// cut if it is long, and the hash of all of it.
type signedPolicy struct {
	Request string   `json:"request"`
	Hash    string   `json:"hash"` // policy.Sum
	Policy  []string `json:"policy"`
	Widens  []string `json:"widens"`
	By      string   `json:"requestedBy"`
}

// operation is what the first person signs for a change.
func (c PolicyChange) operation(id, by, tenant string) Operation {
	action, resource := actionToWiden(c.Policy), c.Job
	if c.Job == "" {
		action, resource = ActionPolicyChange, tenant
	}
	var next glovebox.Policy
	if c.Policy != nil {
		next = *c.Policy
	}
	o := operation(action, resource, signedPolicy{
		Request: id, Hash: policy.Sum(next), Policy: policyWords(c.Policy), Widens: shown(c.Widens), By: by,
	})
	o.Version = strconv.FormatInt(c.Seen, 10)
	return o
}

// RequestPolicyChange asks for signatures for a change of a policy, which is
// completed. Who asks for a change of the tenant's has to be an admin, and so
// has who signs it. needed is 1 or 2.
func (s *Service) RequestPolicyChange(ctx context.Context, c Caller, change PolicyChange, needed int) (Approval, error) {
	action := ActionJobSubmit
	if change.Job == "" {
		action = ActionPolicyChange
	}
	if err := s.Authorize(ctx, c, action, change.Job); err != nil {
		return Approval{}, err
	}
	id := glovebox.NewID(approvalPrefix)
	return s.request(ctx, c, id, shown(change.Widens), needed, change.operation(id, c.Name, c.Tenant))
}

// TakePolicyChange is TakeApproval for a change of a policy.
func (s *Service) TakePolicyChange(ctx context.Context, c Caller, id, key string, change PolicyChange) ([]glovebox.Approval, error) {
	return s.takeFor(ctx, c, id, key, func(a Approval) Operation {
		change.Widens = a.Widens
		return change.operation(a.ID, a.By, a.Tenant)
	})
}

// actionToWiden is what a person has to be allowed to sign who gives a job more than
// its tenant has. Where an admin has to, that goes by the policy alone, so that
// no change of the tenant's between signature and use makes a difference.
func actionToWiden(p *glovebox.Policy) Action {
	if p.NeedsAdmin() {
		return ActionJobPrivate
	}
	return ActionJobWiden
}

// policyWords is what a policy lets a job reach and gives it, for people who
// sign it.
func policyWords(p *glovebox.Policy) []string {
	if p == nil {
		return nil
	}
	var words []string
	if p.Observe {
		words = append(words, "any public name, observed")
	}
	for _, s := range p.Secrets {
		words = append(words, policy.Use(s))
	}
	for _, r := range p.Egress {
		words = append(words, policy.Rule(r))
	}
	words = append(words, policy.Watching(*p)...)
	return shown(words)
}
