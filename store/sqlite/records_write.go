package sqlite

import (
	"context"
	"slices"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

const purgeRecords = `DELETE FROM records WHERE id IN (SELECT id FROM records INDEXED BY records_by_expiry
	WHERE expires IS NOT NULL AND expires < ? ORDER BY expires, kind, key LIMIT ?)`

// Commit implements glovebox.Records.
func (s *Store) Commit(ctx context.Context, writes []glovebox.Write, events ...glovebox.AuditEvent) error {
	writes, err := record.Writes(writes, len(events))
	if err != nil {
		return err
	}
	if events, err = record.Events(events); err != nil {
		return err
	}
	return s.writer.do(ctx, durability(writes, events), func(t *statements) error {
		for _, w := range writes {
			if err := t.apply(w); err != nil {
				return err
			}
		}
		return t.append(events)
	})
}

// durability is Lazy only if nothing in a commit has to be synced.
func durability(writes []glovebox.Write, events []glovebox.AuditEvent) glovebox.Durability {
	if len(events) > 0 || slices.ContainsFunc(writes, func(w glovebox.Write) bool { return !w.Lazy }) {
		return glovebox.Durable
	}
	return glovebox.Lazy
}

// apply compares, then sets, as update does. No document is written twice in a
// commit, so each condition is about what was there before.
func (t *statements) apply(w glovebox.Write) error {
	version := glovebox.IfAbsent
	if _, err := t.first(t.versionOf, []any{w.Kind, w.Key}, &version); err != nil {
		return err
	}
	switch {
	case w.If != glovebox.IfAny && w.If != version:
		return record.Stale(w, version)
	case w.Value == nil:
		return t.exec(t.dropRecord, w.Kind, w.Key)
	}
	return t.exec(t.putRecord, w.Kind, w.Key, version+1, nullable(w.Expires), w.Value)
}

// PurgeRecords implements glovebox.Records. Documents that expired at one
// instant go by kind and key.
func (s *Store) PurgeRecords(ctx context.Context, now time.Time, limit int) (int, error) {
	var removed int64
	err := s.writer.do(ctx, glovebox.Lazy, func(t *statements) error {
		r, err := t.purgeRecords.ExecContext(context.Background(), record.Nanos(now), max(limit, 0)) // LIMIT -1 would be all
		if err != nil {
			return err
		}
		removed, err = r.RowsAffected()
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(removed), nil
}
