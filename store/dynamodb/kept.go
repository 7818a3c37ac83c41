package dynamodb

import (
	"context"

	"glovebox"
)

// KeptOutput implements glovebox.Jobs.
func (s *Store) KeptOutput(ctx context.Context, tenant string) (int64, error) {
	return s.kept(ctx, tenant, attrOutput)
}

// KeptArtifacts implements glovebox.Jobs.
func (s *Store) KeptArtifacts(ctx context.Context, tenant string) (int64, error) {
	return s.kept(ctx, tenant, attrArtifacts)
}

func (s *Store) kept(ctx context.Context, tenant, attr string) (sum int64, err error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	tenants := []string{tenant}
	if tenant == glovebox.AnyTenant {
		if tenants, err = s.names(ctx, 'T'); err != nil {
			return 0, fault(ctx, err, "adding up what is kept")
		}
	}
	var keys []key
	for _, tenant := range tenants {
		keys = append(keys, keptKey(tenant))
	}
	found, err := s.getAll(ctx, keys)
	for _, it := range found {
		sum += numOf(it, attr)
	}
	return sum, fault(ctx, err, "adding up what is kept")
}
