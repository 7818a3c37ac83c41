package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// statements are those of the writing connection, compiled once. They are used
// by its goroutine alone, always inside a transaction.
type statements struct {
	begin, commit, rollback        *sql.Stmt
	savepoint, rollbackTo, release *sql.Stmt
	findKey, putKey, dropKeys      *sql.Stmt
	bodyOf, exists, insertJob      *sql.Stmt
	current, replaceJob            *sql.Stmt
	addLabel, dropLabel            *sql.Stmt
	doomed, disownKey, dropJob     *sql.Stmt
	putImage, deleteImage          *sql.Stmt
	versionOf, putRecord           *sql.Stmt
	dropRecord, purgeRecords       *sql.Stmt
	lastEvent, addEvent            *sql.Stmt
	addKept                        *sql.Stmt
	all                            []*sql.Stmt
}

func prepare(ctx context.Context, conn *sql.Conn) (*statements, error) {
	s := &statements{}
	for _, p := range []struct {
		stmt **sql.Stmt
		sql  string
	}{
		{&s.begin, "BEGIN IMMEDIATE"},
		{&s.commit, "COMMIT"},
		{&s.rollback, "ROLLBACK"},
		{&s.savepoint, "SAVEPOINT one"},
		{&s.rollbackTo, "ROLLBACK TO one"},
		{&s.release, "RELEASE one"},

		{&s.findKey, selectKey},
		{&s.putKey, "INSERT OR REPLACE INTO idempotency_keys (tenant, key, fingerprint, expires, job) VALUES (?, ?, ?, ?, ?)"},
		{&s.dropKeys, `DELETE FROM idempotency_keys WHERE (tenant, key) IN
			(SELECT tenant, key FROM idempotency_keys WHERE expires <= ? ORDER BY expires LIMIT ?)`},
		{&s.bodyOf, "SELECT body FROM jobs WHERE id = ?"},
		{&s.exists, "SELECT EXISTS (SELECT 1 FROM jobs WHERE id = ?)"},
		{&s.insertJob, `INSERT INTO jobs (id, tenant, created, status, node, due, version, attempt, labels, body,
			outcome, idempotency_key, kept, kept_artifacts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.current, "SELECT seq, created, version, attempt, labels, kept, kept_artifacts FROM jobs WHERE id = ? AND tenant = ?"},
		{&s.replaceJob, `UPDATE jobs SET status = ?, node = ?, due = ?, version = ?, attempt = ?, labels = ?, body = ?,
			outcome = ?, kept = ?, kept_artifacts = ? WHERE seq = ?`},
		{&s.addLabel, "INSERT INTO job_labels (tenant, key, value, created, job) VALUES (?, ?, ?, ?, ?)"},
		{&s.dropLabel, "DELETE FROM job_labels WHERE tenant = ? AND key = ? AND value = ? AND created = ? AND job = ?"},
		{&s.doomed, "SELECT seq, tenant, created, version, status, labels, idempotency_key, kept, kept_artifacts FROM jobs WHERE id = ?"},
		{&s.disownKey, "UPDATE idempotency_keys SET job = '' WHERE tenant = ? AND key = ? AND job = ?"},
		{&s.dropJob, "DELETE FROM jobs WHERE seq = ?"},
		{&s.putImage, "INSERT OR REPLACE INTO images (tenant, name, body) VALUES (?, ?, ?)"},
		{&s.deleteImage, "DELETE FROM images WHERE tenant = ? AND name = ?"},

		{&s.versionOf, "SELECT version FROM records WHERE kind = ? AND key = ?"},
		{&s.putRecord, `INSERT INTO records (kind, key, version, expires, value) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, expires = excluded.expires, value = excluded.value`},
		{&s.dropRecord, "DELETE FROM records WHERE kind = ? AND key = ?"},
		{&s.purgeRecords, purgeRecords},
		{&s.addKept, `INSERT INTO kept_output (tenant, bytes, artifacts) VALUES (?, ?, ?)
			ON CONFLICT (tenant) DO UPDATE SET bytes = bytes + excluded.bytes, artifacts = artifacts + excluded.artifacts`},
		{&s.lastEvent, selectLastEvent},
		{&s.addEvent, "INSERT INTO audit (tenant, seq, hash, at, actor, action, target, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
	} {
		stmt, err := conn.PrepareContext(ctx, p.sql)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		*p.stmt = stmt
		s.all = append(s.all, stmt)
	}
	return s, nil
}

func (s *statements) close() error {
	var errs []error
	for _, stmt := range s.all {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// exec runs a statement to its end. A batch belongs to many callers, so no
// caller's context can interrupt it.
func (s *statements) exec(stmt *sql.Stmt, args ...any) error {
	_, err := stmt.ExecContext(context.Background(), args...)
	return err
}

// first scans the first row; found is false if there is none.
func (s *statements) first(stmt *sql.Stmt, args []any, to ...any) (found bool, err error) {
	err = stmt.QueryRowContext(context.Background(), args...).Scan(to...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
