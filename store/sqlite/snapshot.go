package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"

	"glovebox"
)

// SchemaVersion is the version of the files that this package writes. It opens
// those of all versions before.
func SchemaVersion() int { return len(migrations) }

// Snapshot writes the store at path, as it is at one instant, to a new file, and
// returns the version of both. The store may be in use, by this process or
// others: who writes to it is not held up, but for the disk that all share. What
// was deleted from the store is not in the copy, which is not synced. On an error
// there is no new file.
//
// KindConflict if the new file exists; otherwise as Open, except that an older
// version is not brought up to date.
func Snapshot(ctx context.Context, path, to string) (version int, err error) {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return 0, glovebox.Errorf(glovebox.KindConflict, "%s exists", to).Try("remove it, or name another file")
	}
	if err != nil {
		return 0, glovebox.Errorf(glovebox.KindUnavailable, "create the copy of the store: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(to)
		}
	}()
	if err := f.Close(); err != nil {
		return 0, glovebox.Errorf(glovebox.KindUnavailable, "create the copy of the store: %w", err)
	}
	err = withFile(ctx, path, func(conn *sql.Conn) (err error) {
		if version, err = checkVersion(ctx, conn); err != nil {
			return err
		}
		// Of the copy: to sync it would hold up whoever syncs the store.
		if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = OFF"); err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, "VACUUM INTO ?", to)
		return err
	})
	return version, err
}

// Check reads all of the store at path, which nobody may have open, and returns
// its version. KindUnavailable, with a hint, if it is damaged, no store, or of a
// newer version.
func Check(ctx context.Context, path string) (version int, err error) {
	err = withFile(ctx, path, func(conn *sql.Conn) (err error) {
		if version, err = checkVersion(ctx, conn); err != nil {
			return err
		}
		var verdict string
		if err := conn.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
			return err
		}
		if verdict != "ok" {
			return glovebox.Errorf(glovebox.KindUnavailable, "the store is damaged: %s", verdict).Try("use another backup")
		}
		return nil
	})
	return version, err
}

// withFile reads from a file that must be there.
func withFile(ctx context.Context, path string, read func(*sql.Conn) error) (err error) {
	db, err := sql.Open("sqlite", dsn(path, "ro", busyTimeout))
	if err != nil {
		return fault(err, "opening the store "+path)
	}
	defer func() { err = readFault(ctx, errors.Join(err, db.Close()), "reading the store "+path) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return read(conn)
}

// Copy is a store that nobody writes to.
type Copy struct {
	db  *sql.DB
	has *sql.Stmt
}

// OpenCopy opens what Snapshot has written.
func OpenCopy(ctx context.Context, path string) (*Copy, error) {
	db, err := sql.Open("sqlite", dsn(path, "ro", busyTimeout))
	if err != nil {
		return nil, fault(err, "opening the copy "+path)
	}
	c := &Copy{db: db}
	if c.has, err = db.PrepareContext(ctx, "SELECT EXISTS (SELECT 1 FROM jobs WHERE id = ?)"); err != nil {
		return nil, readFault(ctx, errors.Join(err, db.Close()), "opening the copy "+path)
	}
	return c, nil
}

// HasJob says whether the copy has a job.
func (c *Copy) HasJob(ctx context.Context, id string) (found bool, err error) {
	if err := c.has.QueryRowContext(ctx, id).Scan(&found); err != nil {
		return false, readFault(ctx, err, "looking for a job")
	}
	return found, nil
}

// Close closes the copy.
func (c *Copy) Close() error { return fault(c.db.Close(), "closing the copy") }
