package identity

import (
	"context"
	"encoding/json"
	"slices"

	"glovebox"
)

// RuleOperation is what an admin signs to write a rule. Only what is asked for
// counts: id, tenant, author and time are given when it is written.
func RuleOperation(r TrustRule) Operation {
	return operation(ActionRuleWrite, "", struct {
		Name     string            `json:"name"`
		Issuer   string            `json:"issuer"`
		Audience string            `json:"audience"`
		Claims   map[string]string `json:"claims"`
		Actions  []Action          `json:"actions"`
		Seconds  int               `json:"seconds"`
	}{r.Name, r.Issuer, r.Audience, r.Claims, r.Actions, r.Seconds})
}

// checkProposal refuses what cannot come of a signature over o, so that a
// person learns of it before they sign. Other operations than the writing of a
// rule are simple enough to be refused later. KindInvalid with the rule's field
// as one of the parameters.
func (s *Service) checkProposal(o Operation) error {
	if o.Action != ActionRuleWrite {
		return nil
	}
	if len(o.Parameters) > maxOperation {
		return glovebox.Errorf(glovebox.KindTooLarge, "an operation has at most %d bytes", maxOperation).On("parameters")
	}
	var r TrustRule
	if err := json.Unmarshal(o.Parameters, &r); err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "not a trust rule: %w", err).On("parameters")
	}
	if err := r.check(s.url); err != nil {
		refused := *glovebox.AsError(err)
		return refused.On("parameters." + refused.Field)
	}
	return nil
}

// WriteRule adds a trust rule to the caller's tenant. KindInvalid with the
// field for one that would let in more than it says.
func (s *Service) WriteRule(ctx context.Context, c Caller, r TrustRule, signed *SignedOperation) (TrustRule, error) {
	if err := s.Authorize(ctx, c, ActionRuleWrite, ""); err != nil {
		return r, err
	}
	if err := r.check(s.url); err != nil {
		return r, err
	}
	if err := s.Spend(ctx, c, RuleOperation(r), signed); err != nil {
		return r, err
	}
	r.ID, r.Tenant, r.By, r.Created = glovebox.NewID(rulePrefix), c.Tenant, c.Name, s.now()
	return r, s.records.Commit(ctx, []glovebox.Write{put(kindRule, r.ID, r, glovebox.IfAbsent)},
		s.event(c.Tenant, c.Name, string(ActionRuleWrite), r.ID, map[string]string{"issuer": r.Issuer, "name": r.Name}))
}

// Rules lists the tenant's trust rules.
func (s *Service) Rules(ctx context.Context, c Caller) ([]TrustRule, error) {
	if err := s.Authorize(ctx, c, ActionRuleRead, ""); err != nil {
		return nil, err
	}
	all, err := list[TrustRule](ctx, s, kindRule, "")
	return slices.DeleteFunc(all, func(r TrustRule) bool { return r.Tenant != c.Tenant }), err
}

// RemoveRuleOperation is what an admin signs to remove a rule.
func RemoveRuleOperation(id string) Operation { return operation(ActionRuleRemove, id, struct{}{}) }

// RemoveRule removes a trust rule and ends the sessions that it gave.
// KindNotFound, also for other tenants' rules.
func (s *Service) RemoveRule(ctx context.Context, c Caller, id string, signed *SignedOperation) error {
	gone := glovebox.Errorf(glovebox.KindNotFound, "no such trust rule")
	if !glovebox.ValidID(rulePrefix, id) {
		return gone
	}
	r, version, err := load[TrustRule](ctx, s, kindRule, id)
	if missing(err) || err == nil && r.Tenant != c.Tenant {
		return gone
	}
	if err != nil {
		return err
	}
	if err := s.Spend(ctx, c, RemoveRuleOperation(id), signed); err != nil {
		return err
	}
	err = s.records.Commit(ctx, []glovebox.Write{drop(kindRule, id, version)},
		s.event(c.Tenant, c.Name, string(ActionRuleRemove), id, nil))
	if err == nil {
		s.ended.cut(func(v Session) bool { return v.Subject == id })
	}
	return err
}
