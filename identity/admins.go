package identity

import (
	"context"

	"glovebox"
)

// admins is the document that counts a tenant's enabled admins. Everything
// that makes or unmakes one writes it with the version it read, so there is
// never a second first admin, and never none after the first.
type admins struct {
	Count int `json:"count"`
}

// admins reads the count, which is 0 in version 0 before the first.
func (s *Service) admins(ctx context.Context, tenant string) (n int, version int64, err error) {
	a, version, err := load[admins](ctx, s, kindAdmins, tenant)
	if missing(err) {
		return 0, glovebox.IfAbsent, nil
	}
	return a.Count, version, err
}

// countAdmin returns the write for a change of one person, if it needs one.
func (s *Service) countAdmin(ctx context.Context, tenant string, was, is bool) ([]glovebox.Write, error) {
	if was == is {
		return nil, nil
	}
	n, version, err := s.admins(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if is {
		n++
	} else {
		n--
	}
	if n < 1 {
		return nil, glovebox.Errorf(glovebox.KindConflict, "this is the last admin").Try("make somebody else an admin first")
	}
	return []glovebox.Write{put(kindAdmins, tenant, admins{n}, version)}, nil
}

// firstAdmin returns the write that counts a tenant's first admin, which is
// refused as stale if there is one by now, whatever was read before.
func firstAdmin(tenant string) glovebox.Write {
	return put(kindAdmins, tenant, admins{1}, glovebox.IfAbsent)
}

// admin says whether p counts as one.
func (p Person) admin() bool { return p.Role == RoleAdmin && !p.Disabled }
