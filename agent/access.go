package agent

import (
	"encoding/json"

	"google.golang.org/protobuf/proto"

	"glovebox"
	"glovebox/internal/nodev1"
)

// fileMode is that of a file that comes with an order.
const fileMode = 0o400

// parseAccess turns an order's access into the domain's words. A policy that
// cannot be read opens nothing: the order is refused.
func parseAccess(p *nodev1.Access) (glovebox.Access, error) {
	a := glovebox.Access{Revision: p.GetRevision()}
	if text := p.GetPolicy(); len(text) > 0 {
		var policy glovebox.Policy
		if err := json.Unmarshal(text, &policy); err != nil {
			return a, glovebox.Errorf(glovebox.KindInvalid, "the order's policy cannot be read: %w", err).On("policy")
		}
		if len(policy.Egress) > glovebox.MaxEgressRules {
			return a, glovebox.Errorf(glovebox.KindTooLarge, "the order has %d egress rules", len(policy.Egress)).On("policy.egress").
				Try("at most %d", glovebox.MaxEgressRules)
		}
		a.Egress, a.Observe, a.Watch, a.Profile = policy.Egress, policy.Observe, policy.Watch, policy.Profile
	}
	for _, h := range p.GetHeaders() {
		a.Headers = append(a.Headers, glovebox.HeaderSecret{Domain: h.GetDomain(), Header: h.GetHeader(), Value: glovebox.NewSecretValue(h.GetValue())})
	}
	for _, f := range p.GetFiles() {
		a.Files = append(a.Files, glovebox.File{Path: f.GetPath(), Mode: fileMode, Data: glovebox.NewSecretValue(f.GetData())})
	}
	return a, glovebox.CheckFiles(a.Files)
}

// withoutSecrets is an order as it may be kept on disk.
func withoutSecrets(o *nodev1.Order) *nodev1.Order {
	if o.GetAccess() == nil {
		return o
	}
	kept := proto.CloneOf(o)
	kept.Access.Headers, kept.Access.Files = nil, nil
	return kept
}
