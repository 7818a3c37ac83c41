package sqlite

import (
	"context"
	"database/sql"

	"glovebox"
	"glovebox/store/internal/record"
)

// DeleteJob implements glovebox.Jobs.
func (s *Store) DeleteJob(ctx context.Context, tenant, id string, version int64, events ...glovebox.AuditEvent) error {
	events, err := record.Events(events)
	if err != nil {
		return err
	}
	return s.writer.do(ctx, glovebox.Durable, func(t *statements) error {
		if err := t.deleteJob(tenant, id, version); err != nil {
			return err
		}
		return t.append(events)
	})
}

func (t *statements) deleteJob(tenant, id string, version int64) error {
	var seq, created, has int64
	var had kept
	var owner, status, labels string
	var key sql.NullString
	found, err := t.first(t.doomed, []any{id}, &seq, &owner, &created, &has, &status, &labels, &key, &had.output, &had.artifacts)
	switch {
	case err != nil:
		return err
	case !found || tenant != glovebox.AnyTenant && tenant != owner:
		return notFound(id)
	case has != version:
		return glovebox.Errorf(glovebox.KindStale, "job %s is at version %d, not %d", id, has, version).
			Try("read it again")
	case status != string(glovebox.StatusArchived):
		return glovebox.Errorf(glovebox.KindConflict, "job %s is not archived", id).Try("wait until it is")
	}
	if err := t.moveLabels(row{id: id, tenant: owner, created: created}, labels); err != nil {
		return err
	}
	if key.Valid {
		if err := t.exec(t.disownKey, owner, key.String, id); err != nil {
			return err
		}
	}
	if err := t.keep(owner, kept{}.since(had)); err != nil {
		return err
	}
	return t.exec(t.dropJob, seq)
}
