package identity

import (
	"context"

	"glovebox"
)

// FirstAdmin makes the one-time link with which a tenant's first admin
// registers, for whoever is root on the host. KindConflict if there is an
// admin; the link stops working as soon as there is one.
func (s *Service) FirstAdmin(ctx context.Context, operator glovebox.Principal, tenant string) (Link, string, error) {
	if err := checkTenant(tenant); err != nil {
		return Link{}, "", err
	}
	if err := s.onHost(ctx, operator, "link.first_admin", tenant); err != nil {
		return Link{}, "", err
	}
	n, _, err := s.admins(ctx, tenant)
	if err != nil {
		return Link{}, "", err
	}
	if n > 0 {
		return Link{}, "", glovebox.Errorf(glovebox.KindConflict, "there is an admin already").
			Try("ask them for an invitation, or use `glovebox recover`")
	}
	l, token := s.newLink(Link{Purpose: PurposeFirstAdmin, Tenant: tenant, Role: RoleAdmin, By: operator.Name}, firstAdminLife)
	err = s.records.Commit(ctx, []glovebox.Write{l.write()},
		s.event(tenant, operator.Name, "link.first_admin", l.ID, nil))
	return l.shown(), token, err
}

// Recover makes the one-time link with which a person who lost all passkeys
// registers a new one, for whoever is root on the host. Using it ends the
// person's sessions. KindNotFound, KindConflict for who is disabled.
func (s *Service) Recover(ctx context.Context, operator glovebox.Principal, personID string) (Link, string, error) {
	if err := s.onHost(ctx, operator, "link.recover", personID); err != nil {
		return Link{}, "", err
	}
	p, _, err := s.person(ctx, personID)
	if missing(err) {
		return Link{}, "", glovebox.Errorf(glovebox.KindNotFound, "no such person").On("person").Try("give the id of somebody who has registered")
	}
	if err != nil {
		return Link{}, "", err
	}
	if p.Disabled {
		return Link{}, "", glovebox.Errorf(glovebox.KindConflict, "%s is disabled", p.Name).Try("an admin must enable them first")
	}
	l, token := s.newLink(Link{Purpose: PurposeRecover, Tenant: p.Tenant, Role: p.Role, Name: p.Name, Person: p.ID, By: operator.Name}, recoverLife)
	err = s.records.Commit(ctx, []glovebox.Write{l.write()},
		s.event(p.Tenant, operator.Name, "link.recover", p.ID, map[string]string{"link": l.ID}))
	return l.shown(), token, err
}

// HostPeople lists everybody, for whoever is root on the host and wants to
// know whom to recover.
func (s *Service) HostPeople(ctx context.Context, operator glovebox.Principal) ([]Person, error) {
	if err := s.onHost(ctx, operator, "person.read", ""); err != nil {
		return nil, err
	}
	return list[Person](ctx, s, kindPerson, "")
}

// onHost refuses everybody but the local operator.
func (s *Service) onHost(ctx context.Context, operator glovebox.Principal, action, target string) error {
	if operator.Kind == glovebox.PrincipalOperator {
		return nil
	}
	return s.deny(ctx, Caller{Principal: operator}, Action(action), target, "not on the host")
}
