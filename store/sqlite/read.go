package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

const (
	selectKey  = "SELECT fingerprint, job FROM idempotency_keys WHERE tenant = ? AND key = ? AND expires > ?"
	selectByID = "SELECT tenant, body FROM jobs WHERE id = ?"
	selectDue  = "SELECT body FROM jobs INDEXED BY jobs_due WHERE due IS NOT NULL AND status <> 'ARCHIVED' AND due <= ? ORDER BY due, id LIMIT ?"

	selectExpired = "SELECT body FROM jobs INDEXED BY jobs_expiring WHERE due IS NOT NULL AND status = 'ARCHIVED' AND due <= ? ORDER BY due, id LIMIT ?"
)

// Job implements glovebox.Jobs.
func (s *Store) Job(ctx context.Context, tenant, id string) (glovebox.Job, error) {
	var owner string
	var body []byte
	err := s.byID.QueryRowContext(ctx, id).Scan(&owner, &body)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return glovebox.Job{}, readFault(ctx, err, "reading a job")
	}
	if err != nil || tenant != glovebox.AnyTenant && tenant != owner {
		return glovebox.Job{}, notFound(id)
	}
	return record.ParseJob(body)
}

// JobOfKey implements glovebox.Jobs.
func (s *Store) JobOfKey(ctx context.Context, tenant string, key glovebox.IdempotencyKey, now time.Time) (glovebox.Job, error) {
	var fingerprint, id string
	err := s.readers.QueryRowContext(ctx, selectKey, tenant, key.Key, record.Nanos(now)).Scan(&fingerprint, &id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return glovebox.Job{}, record.KeyUnused()
	case err != nil:
		return glovebox.Job{}, readFault(ctx, err, "looking for an idempotency key")
	}
	if err := checkKey(key, fingerprint, id); err != nil {
		return glovebox.Job{}, err
	}
	return s.Job(ctx, tenant, id)
}

// DueJobs implements glovebox.Jobs. Jobs due at one instant come by id.
func (s *Store) DueJobs(ctx context.Context, now time.Time, limit int) ([]glovebox.Job, error) {
	return overdue(ctx, s.due, now, limit)
}

// ExpiredJobs implements glovebox.Jobs, in the same order.
func (s *Store) ExpiredJobs(ctx context.Context, now time.Time, limit int) ([]glovebox.Job, error) {
	return overdue(ctx, s.expired, now, limit)
}

func overdue(ctx context.Context, list *sql.Stmt, now time.Time, limit int) ([]glovebox.Job, error) {
	rows, err := list.QueryContext(ctx, record.Nanos(now), max(limit, 0)) // LIMIT -1 would be all
	if err != nil {
		return nil, readFault(ctx, err, "reading what is due")
	}
	jobs, err := collect(rows, record.ParseJob)
	if err != nil {
		return nil, readFault(ctx, err, "reading what is due")
	}
	return jobs, nil
}

// collect parses the first column of each row and closes the rows. The other
// columns go where rest says.
func collect[T any](rows *sql.Rows, parse func([]byte) (T, error), rest ...any) ([]T, error) {
	var body sql.RawBytes
	columns := append([]any{&body}, rest...)
	return scanAll(rows, func() (T, error) {
		if err := rows.Scan(columns...); err != nil {
			var none T
			return none, err
		}
		return parse(body)
	})
}

// scanAll has scan read each row and closes the rows.
func scanAll[T any](rows *sql.Rows, scan func() (T, error)) ([]T, error) {
	defer func() { _ = rows.Close() }() // after the end, or an error that is told
	all := []T{}
	for rows.Next() {
		one, err := scan()
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
