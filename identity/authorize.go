package identity

import (
	"context"
	"slices"

	"glovebox"
)

// Kinds of callers that this package verifies.
const (
	PrincipalPerson   glovebox.PrincipalKind = "person"   // by a passkey
	PrincipalWorkload glovebox.PrincipalKind = "workload" // by a token of a trusted issuer
)

// Caller is a principal with what identity knows of it. It is a snapshot: who
// holds on to one, such as a stream, uses Follow or Recheck.
type Caller struct {
	glovebox.Principal
	Subject string // person or trust rule
	Role    Role   // of a person
	Session Session
}

// Allowed says whether c may do a by its role. It neither audits nor looks for
// the signature that some actions need besides.
func (c Caller) Allowed(a Action) bool {
	g, ok := a.grant()
	if !ok {
		return false
	}
	if a == ActionSessionLeave {
		return c.Session.ID != ""
	}
	if c.Kind == glovebox.PrincipalOperator {
		return g.local && c.Role.Covers(g.least)
	}
	switch c.Session.Kind {
	case SessionBrowser, SessionKey:
		return c.Kind == PrincipalPerson && !g.host && c.Role.Covers(g.least)
	case SessionRecovery: // has proven a code, not a passkey
		return a == ActionPasskeyAdd
	case SessionWorkload:
		return c.Kind == PrincipalWorkload && g.workload && slices.Contains(c.Session.Actions, a)
	}
	return false
}

// Authorize returns nil if c may do a on target, and otherwise audits the
// refusal and returns KindDenied.
func (s *Service) Authorize(ctx context.Context, c Caller, a Action, target string) error {
	if c.Allowed(a) {
		return nil
	}
	return s.deny(ctx, c, a, target, "role")
}

// deny audits that somebody known may not do something.
func (s *Service) deny(ctx context.Context, c Caller, a Action, target, cause string) error {
	tenant := c.Tenant
	if tenant == "" {
		tenant = installation
	}
	e := s.event(tenant, c.Name, clip(string(a)), clip(target), map[string]string{"cause": cause, "role": string(c.Role)})
	e.OK, e.Kind = false, glovebox.KindDenied
	if err := s.records.Commit(ctx, nil, e); err != nil {
		return err
	}
	return glovebox.Errorf(glovebox.KindDenied, "you may not do this: %s", clip(string(a)))
}
