package identity

import (
	"context"
	"slices"

	"glovebox"
)

// InviteOperation is what an inviter signs.
func InviteOperation(name string, role Role) Operation {
	return operation(ActionPersonInvite, "", struct {
		Name string `json:"name"`
		Role Role   `json:"role"`
	}{name, role})
}

// Invite makes a link with which somebody joins the caller's tenant, for 24
// hours and once, with at most the caller's own role. KindInvalid, KindDenied.
func (s *Service) Invite(ctx context.Context, c Caller, name string, role Role, signed *SignedOperation) (Link, string, error) {
	if err := checkName("name", name); err != nil {
		return Link{}, "", err
	}
	if !role.Valid() {
		return Link{}, "", glovebox.Errorf(glovebox.KindInvalid, "there is no role %q", role).On("role").Try("use admin, developer or viewer")
	}
	if err := s.Spend(ctx, c, InviteOperation(name, role), signed); err != nil {
		return Link{}, "", err
	}
	if !c.Role.Covers(role) {
		return Link{}, "", s.deny(ctx, c, ActionPersonInvite, string(role), "role above the inviter's")
	}
	l, token := s.newLink(Link{Purpose: PurposeInvite, Tenant: c.Tenant, Role: role, Name: name, Person: c.Subject, By: c.Name}, inviteLife)
	err := s.records.Commit(ctx, []glovebox.Write{l.write()},
		s.event(c.Tenant, c.Name, string(ActionPersonInvite), l.ID, map[string]string{"role": string(role), "name": name}))
	return l.shown(), token, err
}

// Invitations lists the tenant's open invitations; who is no admin sees only
// their own.
func (s *Service) Invitations(ctx context.Context, c Caller) ([]Link, error) {
	if err := s.Authorize(ctx, c, ActionInviteRevoke, ""); err != nil {
		return nil, err
	}
	all, err := list[Link](ctx, s, kindLink, "")
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(l Link) bool { return !l.visible(c) || !s.now().Before(l.Until) })
	for i := range all {
		all[i] = all[i].shown()
	}
	return all, nil
}

// Revoke makes an invitation worthless. KindNotFound, also for other tenants'.
func (s *Service) Revoke(ctx context.Context, c Caller, id string) error {
	if err := s.Authorize(ctx, c, ActionInviteRevoke, id); err != nil {
		return err
	}
	gone := glovebox.Errorf(glovebox.KindNotFound, "no such invitation")
	if !plain(id) {
		return gone
	}
	l, version, err := load[Link](ctx, s, kindLink, id)
	if missing(err) || err == nil && !l.visible(c) {
		return gone
	}
	if err != nil {
		return err
	}
	err = s.records.Commit(ctx, []glovebox.Write{drop(kindLink, id, version)},
		s.event(c.Tenant, c.Name, string(ActionInviteRevoke), id, nil))
	if glovebox.KindOf(err) == glovebox.KindStale {
		return gone // used or revoked a moment ago
	}
	return err
}

// visible says whether c may see and revoke l.
func (l Link) visible(c Caller) bool {
	return l.Purpose == PurposeInvite && l.Tenant == c.Tenant && (c.Role == RoleAdmin || l.Person == c.Subject)
}
