package policy

import (
	"slices"

	"glovebox"
)

// Narrower says whether everything that next allows, old does. It holds for
// every part by itself, so a rule that has become two is not narrower unless
// each is. An observed job reaches every public name, so to name some of them
// is narrower.
func Narrower(old, next glovebox.Policy) bool { return Widened(old, next) == nil }

// Widened is the first part of next that goes beyond old; nil if next is
// narrower. A rule with a budget of bytes has to stay the same rule, in name and
// destination: its budget would begin anew. What next does not say of the watch
// stays as it is.
func Widened(old, next glovebox.Policy) *glovebox.PolicyLine {
	d := Within(old, next)
	had, has := destinations(old.Egress), destinations(next.Egress)
	for i := range d.Lines {
		if i < len(has) && d.Lines[i].Verdict == glovebox.PolicyWithin && !keepsBudget(had, has[i]) {
			d.Lines[i].Verdict, d.Lines[i].By, d.Lines[i].Why = glovebox.PolicyBeyond, "", "its budget of bytes would begin anew"
		}
		public := i < len(next.Egress) && next.Egress[i].Address == "" && !next.Egress[i].Private
		if d.Lines[i].Verdict == glovebox.PolicyBeyond && !(old.Observe && public) {
			return &d.Lines[i]
		}
	}
	return nil
}

// keepsBudget says whether a rule, which old allows, is allowed by a rule without
// a budget, or by the very rule whose budget it goes on with.
func keepsBudget(old []destination, r destination) bool {
	return slices.ContainsFunc(old, func(c destination) bool {
		same := c.Name == r.Name && c.Domain == r.Domain && c.Address == r.Address
		return c.leads(r) && missing(c.EgressRule, r.EgressRule) == "" && (c.Bytes == 0 || same)
	})
}
