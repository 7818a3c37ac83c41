package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"glovebox"
)

// fault turns what went wrong while doing something into an error of a kind.
// Errors that have one, and those of a context, pass through.
func fault(err error, doing string) error {
	var known *glovebox.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case isClosed(err):
		return errClosed()
	}
	code, ok := codeOf(err)
	if !ok {
		return glovebox.Errorf(glovebox.KindInternal, "%s: %w", doing, err)
	}
	hint, ok := hints[code]
	if !ok {
		return glovebox.Errorf(glovebox.KindInternal, "%s: %w", doing, err)
	}
	return glovebox.Errorf(glovebox.KindUnavailable, "%s: %w", doing, err).Try("%s", hint)
}

// hints has the result codes that are the machine's fault and not ours.
var hints = map[int]string{
	sqlite3.SQLITE_BUSY:     "another process is using the store; end it, or try again",
	sqlite3.SQLITE_LOCKED:   "another process is using the store; end it, or try again",
	sqlite3.SQLITE_PROTOCOL: "another process is using the store; end it, or try again",
	sqlite3.SQLITE_FULL:     "the disk is full; free some space",
	sqlite3.SQLITE_IOERR:    "the disk has failed or the file system has gone; see the system's log, then start glovebox again",
	sqlite3.SQLITE_READONLY: "the store cannot be written; check the owner and mode of the file, its folder and the mount",
	sqlite3.SQLITE_PERM:     "the store cannot be used; check the owner and mode of the file and its folder",
	sqlite3.SQLITE_CANTOPEN: "the store cannot be opened; check the owner and mode of the file and its folder",
	sqlite3.SQLITE_CORRUPT:  "the store is damaged; restore it from a backup",
	sqlite3.SQLITE_NOTADB:   "the file is not a store, or is damaged; name another, or restore it from a backup",
	sqlite3.SQLITE_NOMEM:    "there is no memory left",
	sqlite3.SQLITE_TOOBIG:   "the record is too large",
}

// codeOf returns SQLite's primary result code.
func codeOf(err error) (int, bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return e.Code() & 0xff, true
}

func isIOError(err error) bool {
	code, ok := codeOf(err)
	return ok && code == sqlite3.SQLITE_IOERR
}

// isClosed knows database/sql's error for a pool that was closed, which it
// does not export.
func isClosed(err error) bool {
	return errors.Is(err, sql.ErrConnDone) || strings.Contains(err.Error(), "sql: database is closed") ||
		strings.Contains(err.Error(), "sql: statement is closed")
}

func errClosed() error {
	return glovebox.Errorf(glovebox.KindUnavailable, "the store is closed")
}
