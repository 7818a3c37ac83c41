package sqlite

import (
	"context"
	"database/sql"

	"glovebox"
)

const (
	selectKept    = "SELECT coalesce(sum(bytes), 0), coalesce(sum(artifacts), 0) FROM kept_output WHERE tenant = ?"
	selectAllKept = "SELECT coalesce(sum(bytes), 0), coalesce(sum(artifacts), 0) FROM kept_output"
)

// kept is what a job, or a tenant, keeps, in bytes.
type kept struct{ output, artifacts int64 }

// since is the change from what was kept before.
func (k kept) since(before kept) kept {
	return kept{k.output - before.output, k.artifacts - before.artifacts}
}

// KeptOutput implements glovebox.Jobs.
func (s *Store) KeptOutput(ctx context.Context, tenant string) (int64, error) {
	k, err := s.keptOf(ctx, tenant)
	return k.output, err
}

// KeptArtifacts implements glovebox.Jobs.
func (s *Store) KeptArtifacts(ctx context.Context, tenant string) (int64, error) {
	k, err := s.keptOf(ctx, tenant)
	return k.artifacts, err
}

func (s *Store) keptOf(ctx context.Context, tenant string) (k kept, err error) {
	// A row holds its connection until it is scanned, so only one is asked for.
	row := func() *sql.Row { return s.kept.QueryRowContext(ctx, tenant) }
	if tenant == glovebox.AnyTenant {
		row = func() *sql.Row { return s.readers.QueryRowContext(ctx, selectAllKept) }
	}
	if err := row().Scan(&k.output, &k.artifacts); err != nil {
		return kept{}, readFault(ctx, err, "adding up output")
	}
	return k, nil
}

// keep changes a tenant's sums.
func (t *statements) keep(tenant string, more kept) error {
	if more == (kept{}) {
		return nil
	}
	return t.exec(t.addKept, tenant, more.output, more.artifacts)
}
