package identity

import (
	"context"
	"slices"

	"glovebox"
)

// Person returns somebody of the caller's tenant: everybody for an admin, and
// oneself. KindNotFound, also for other tenants' people.
func (s *Service) Person(ctx context.Context, c Caller, id string) (Person, error) {
	a := ActionPersonRead
	if id == c.Subject {
		a = ActionSelfRead
	}
	if err := s.Authorize(ctx, c, a, id); err != nil {
		return Person{}, err
	}
	p, _, err := s.colleague(ctx, c, id)
	return p, err
}

// People lists the caller's tenant.
func (s *Service) People(ctx context.Context, c Caller) ([]Person, error) {
	if err := s.Authorize(ctx, c, ActionPersonRead, ""); err != nil {
		return nil, err
	}
	all, err := list[Person](ctx, s, kindPerson, "")
	return slices.DeleteFunc(all, func(p Person) bool { return p.Tenant != c.Tenant }), err
}

func (s *Service) colleague(ctx context.Context, c Caller, id string) (Person, int64, error) {
	p, version, err := s.person(ctx, id)
	if missing(err) || err == nil && p.Tenant != c.Tenant {
		return Person{}, 0, glovebox.Errorf(glovebox.KindNotFound, "no such person")
	}
	return p, version, err
}

// RoleOperation is what an admin signs to change somebody's role.
func RoleOperation(id string, role Role) Operation {
	return operation(ActionPersonRole, id, struct {
		Role Role `json:"role"`
	}{role})
}

// SetRole changes a role, from the next check on. KindNotFound, KindConflict
// for the last admin.
func (s *Service) SetRole(ctx context.Context, c Caller, id string, role Role, signed *SignedOperation) error {
	if !role.Valid() {
		return glovebox.Errorf(glovebox.KindInvalid, "there is no role %q", role).On("role").Try("use admin, developer or viewer")
	}
	return s.changePerson(ctx, c, RoleOperation(id, role), signed, func(p *Person) { p.Role = role })
}

// DisableOperation is what an admin signs to keep somebody out.
func DisableOperation(id string) Operation {
	return operation(ActionPersonDisable, id, struct{}{})
}

// EnableOperation is what an admin signs to let somebody in again.
func EnableOperation(id string) Operation {
	return operation(ActionPersonEnable, id, struct{}{})
}

// Disable keeps somebody out and ends all their sessions, for good: enabling
// them again does not bring sessions back. KindNotFound, KindConflict for the
// last admin.
func (s *Service) Disable(ctx context.Context, c Caller, id string, signed *SignedOperation) error {
	err := s.changePerson(ctx, c, DisableOperation(id), signed, func(p *Person) { p.Disabled = true; p.Epoch++ })
	if err == nil {
		s.ended.cutPerson(id)
	}
	return err
}

// Enable lets somebody in again who was disabled.
func (s *Service) Enable(ctx context.Context, c Caller, id string, signed *SignedOperation) error {
	return s.changePerson(ctx, c, EnableOperation(id), signed, func(p *Person) { p.Disabled = false })
}

// changePerson does a signed change of a colleague.
func (s *Service) changePerson(ctx context.Context, c Caller, o Operation, signed *SignedOperation, change func(*Person)) error {
	if _, _, err := s.colleague(ctx, c, o.Resource); err != nil {
		return err
	}
	if err := s.Spend(ctx, c, o, signed); err != nil {
		return err
	}
	return retried(func() error {
		p, version, err := s.colleague(ctx, c, o.Resource)
		if err != nil {
			return err
		}
		was := p.admin()
		change(&p)
		writes, err := s.countAdmin(ctx, p.Tenant, was, p.admin())
		if err != nil {
			return err
		}
		return s.records.Commit(ctx, append(writes, put(kindPerson, p.ID, p, version)),
			s.event(c.Tenant, c.Name, string(o.Action), p.ID, map[string]string{"role": string(p.Role)}))
	})
}

// EndAllSessions ends every session of the caller, this one too.
func (s *Service) EndAllSessions(ctx context.Context, c Caller) error {
	if err := s.Authorize(ctx, c, ActionSessionEnd, c.Subject); err != nil {
		return err
	}
	err := retried(func() error {
		p, version, err := s.person(ctx, c.Subject)
		if err != nil {
			return err
		}
		p.Epoch++
		return s.records.Commit(ctx, []glovebox.Write{put(kindPerson, p.ID, p, version)},
			s.event(c.Tenant, c.Name, "session.end_all", p.ID, nil))
	})
	if err == nil {
		s.ended.cutPerson(c.Subject)
	}
	return err
}
