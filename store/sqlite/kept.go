package sqlite

import (
	"context"
	"database/sql"

	"glovebox"
)

const (
	selectKept    = "SELECT coalesce(sum(bytes), 0) FROM kept_output WHERE tenant = ?"
	selectAllKept = "SELECT coalesce(sum(bytes), 0) FROM kept_output"
)

// KeptOutput implements glovebox.Jobs.
func (s *Store) KeptOutput(ctx context.Context, tenant string) (int64, error) {
	// A row holds its connection until it is scanned, so only one is asked for.
	row := func() *sql.Row { return s.kept.QueryRowContext(ctx, tenant) }
	if tenant == glovebox.AnyTenant {
		row = func() *sql.Row { return s.readers.QueryRowContext(ctx, selectAllKept) }
	}
	var bytes int64
	if err := row().Scan(&bytes); err != nil {
		return 0, readFault(ctx, err, "adding up output")
	}
	return bytes, nil
}

// keep changes a tenant's sum.
func (t *statements) keep(tenant string, more int64) error {
	if more == 0 {
		return nil
	}
	return t.exec(t.addKept, tenant, more)
}
