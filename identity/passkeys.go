package identity

import (
	"context"
	"slices"

	"glovebox"
)

// Passkeys lists the caller's own, the disabled ones too.
func (s *Service) Passkeys(ctx context.Context, c Caller) ([]Passkey, error) {
	if err := s.Authorize(ctx, c, ActionSelfRead, c.Subject); err != nil {
		return nil, err
	}
	p, _, err := s.person(ctx, c.Subject)
	if err != nil {
		return nil, err
	}
	return s.passkeys(ctx, slices.Concat(p.Passkeys, p.Retired)...)
}

// RenamePasskey calls one of the caller's passkeys something else. KindNotFound.
func (s *Service) RenamePasskey(ctx context.Context, c Caller, id, name string) error {
	if err := checkName("name", name); err != nil {
		return err
	}
	if err := s.Authorize(ctx, c, ActionPasskeyRename, clip(id)); err != nil {
		return err
	}
	return retried(func() error {
		k, version, err := s.ownPasskey(ctx, c, id)
		if err != nil {
			return err
		}
		k.Name = name
		return s.records.Commit(ctx, []glovebox.Write{put(kindPasskey, id, k, version)},
			s.event(c.Tenant, c.Name, string(ActionPasskeyRename), id, map[string]string{"name": name}))
	})
}

// RemoveOperation is what a person signs to remove a passkey.
func RemoveOperation(id string) Operation { return operation(ActionPasskeyRemove, id, struct{}{}) }

// RemovePasskey removes one of the caller's passkeys and ends the sessions it
// opened. KindNotFound, KindConflict for the last usable one: the list of
// usable ones is written with the version it was read in, so that of two
// removals at once one sees the other.
func (s *Service) RemovePasskey(ctx context.Context, c Caller, id string, signed *SignedOperation) error {
	if _, _, err := s.ownPasskey(ctx, c, id); err != nil {
		return err
	}
	if err := s.Spend(ctx, c, RemoveOperation(id), signed); err != nil {
		return err
	}
	err := retried(func() error {
		p, version, err := s.person(ctx, c.Subject)
		if err != nil {
			return err
		}
		_, keyVersion, err := s.ownPasskey(ctx, c, id)
		if err != nil {
			return err
		}
		p.Passkeys, p.Retired = without(p.Passkeys, id), without(p.Retired, id)
		if len(p.Passkeys) == 0 {
			return glovebox.Errorf(glovebox.KindConflict, "this is your last passkey").Try("add another one first")
		}
		return s.records.Commit(ctx, []glovebox.Write{put(kindPerson, p.ID, p, version), drop(kindPasskey, id, keyVersion)},
			s.event(c.Tenant, c.Name, string(ActionPasskeyRemove), id, nil))
	})
	if err == nil {
		s.ended.cutPasskey(id)
	}
	return err
}

func (s *Service) ownPasskey(ctx context.Context, c Caller, id string) (Passkey, int64, error) {
	gone := glovebox.Errorf(glovebox.KindNotFound, "no such passkey")
	if !plain(id) {
		return Passkey{}, 0, gone
	}
	k, version, err := load[Passkey](ctx, s, kindPasskey, id)
	if missing(err) || err == nil && k.Person != c.Subject {
		return Passkey{}, 0, gone
	}
	return k, version, err
}
