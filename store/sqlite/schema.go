package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"glovebox"
)

// applicationID marks the file as ours, for us and for file(1): "GlvB".
const applicationID = 0x476c7642

// migrations bring a file from version i to i+1. What was released is never
// edited, only followed by another.
var migrations = []string{schema1, schema2, schema3, schema4, schema5}

// The partial indexes hold the jobs that are not archived, which stay few
// however many there have been. job_labels repeats a job's place in the list
// so that a search by label is a walk along one index.
const schema1 = `
CREATE TABLE jobs (
	seq     INTEGER PRIMARY KEY,
	id      TEXT NOT NULL UNIQUE,
	tenant  TEXT NOT NULL,
	created INTEGER NOT NULL, -- nanoseconds since 1970
	status  TEXT NOT NULL,
	node    TEXT NOT NULL,
	due     INTEGER,          -- nanoseconds since 1970
	version INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	labels  TEXT NOT NULL,    -- as in job_labels, in JSON
	body    TEXT NOT NULL     -- the job, in JSON
) STRICT;
CREATE INDEX jobs_by_time ON jobs (created, id);
CREATE INDEX jobs_by_tenant ON jobs (tenant, created, id);
CREATE INDEX jobs_open ON jobs (created, id) WHERE status <> 'ARCHIVED';
CREATE INDEX jobs_open_by_tenant ON jobs (tenant, created, id) WHERE status <> 'ARCHIVED';
CREATE INDEX jobs_open_by_node ON jobs (node, created, id) WHERE status <> 'ARCHIVED' AND node <> '';
CREATE INDEX jobs_due ON jobs (due, id) WHERE due IS NOT NULL;

CREATE TABLE job_labels (
	tenant  TEXT NOT NULL,
	key     TEXT NOT NULL,
	value   TEXT NOT NULL,
	created INTEGER NOT NULL,
	job     TEXT NOT NULL,
	PRIMARY KEY (tenant, key, value, created, job)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
	tenant      TEXT NOT NULL,
	key         TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	expires     INTEGER NOT NULL,
	job         TEXT NOT NULL,
	PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires);

CREATE TABLE images (
	tenant TEXT NOT NULL,
	name   TEXT NOT NULL,
	body   TEXT NOT NULL, -- the image, in JSON
	PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX images_by_name ON images (name, tenant);
`

// migrate brings the file to the last version, all or nothing. It holds the
// write lock from the first look on, so of two processes that open an old file
// one finds the work done.
func migrate(ctx context.Context, conn *sql.Conn) (err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// The first error is the one to tell; closing the connection
			// would undo the transaction too.
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	version, err := checkVersion(ctx, conn)
	if err != nil {
		return err
	}
	for v := version; v < len(migrations); v++ {
		if _, err := conn.ExecContext(ctx, migrations[v]); err != nil {
			return fmt.Errorf("migrating from version %d: %w", v, err)
		}
	}
	if version < len(migrations) {
		set := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations))
		if _, err := conn.ExecContext(ctx, set); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

// checkVersion returns the file's version, 0 for a new one.
func checkVersion(ctx context.Context, conn *sql.Conn) (int, error) {
	var app, version, objects int
	for _, q := range []struct {
		to  *int
		sql string
	}{
		{&app, "PRAGMA application_id"},
		{&version, "PRAGMA user_version"},
		{&objects, "SELECT count(*) FROM sqlite_schema"},
	} {
		if err := conn.QueryRowContext(ctx, q.sql).Scan(q.to); err != nil {
			return 0, err
		}
	}
	switch {
	case app == 0 && version == 0 && objects == 0:
		return 0, nil
	case app != applicationID:
		return 0, glovebox.Errorf(glovebox.KindUnavailable, "the file is a database of something else").
			Try("name another file; this one was not changed")
	case version > len(migrations):
		return 0, glovebox.Errorf(glovebox.KindUnavailable,
			"the store has version %d, and this glovebox knows versions up to %d", version, len(migrations)).
			Try("upgrade glovebox; the store was not changed")
	}
	return version, nil
}
