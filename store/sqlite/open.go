package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"glovebox"
)

// busyTimeout is how long a connection waits for another process that holds
// the file, such as a backup.
const busyTimeout = 5 * time.Second

// Open opens the store at path, making the file if there is none and bringing
// an older one up to date. The folder must exist. KindUnavailable, with a hint,
// if the file cannot be used: no folder, no permission, locked, damaged,
// written by a newer version, not a store at all.
func Open(ctx context.Context, path string) (*Store, error) {
	return open(ctx, path, busyTimeout)
}

func open(ctx context.Context, path string, busy time.Duration) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "finding the store: %w", err)
	}
	if err := createFile(path); err != nil {
		return nil, err
	}
	w, err := openWriter(ctx, path, busy)
	if err != nil {
		return nil, readFault(ctx, err, "opening the store "+path)
	}
	s, err := openReaders(ctx, path, busy)
	if err != nil {
		return nil, readFault(ctx, errors.Join(err, w.close()), "opening the store "+path)
	}
	s.writer = w
	return s, nil
}

// createFile makes an empty file that only its owner can read, as SQLite would
// ask the umask; the log and its index take over the mode. An existing file is
// not touched: closing it here would drop the locks that this process may hold
// on it.
func createFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return glovebox.Errorf(glovebox.KindUnavailable, "the store %s is a folder", path).Try("name a file")
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return glovebox.Errorf(glovebox.KindUnavailable, "opening the store: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return glovebox.Errorf(glovebox.KindUnavailable, "creating the store: %w", err).
			Try("create the folder %s first", filepath.Dir(path))
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindUnavailable, "creating the store: %w", err)
	}
	return errors.Join(f.Close(), syncFolder(filepath.Dir(path)))
}

// syncFolder makes a new file's name survive a power cut.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return glovebox.Errorf(glovebox.KindUnavailable, "creating the store: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return glovebox.Errorf(glovebox.KindUnavailable, "creating the store: %w", err)
	}
	return nil
}

func openReaders(ctx context.Context, path string, busy time.Duration) (*Store, error) {
	db, err := sql.Open("sqlite", dsn(path, "ro", busy))
	if err != nil {
		return nil, err
	}
	n := max(4, runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	s := &Store{readers: db}
	for _, p := range []struct {
		stmt **sql.Stmt
		sql  string
	}{{&s.byID, selectByID}, {&s.due, selectDue}, {&s.expired, selectExpired}, {&s.record, selectRecord}, {&s.kept, selectKept}} {
		if *p.stmt, err = db.PrepareContext(ctx, p.sql); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return s, nil
}

// dsn names the file as a URL, which leaves no character of the path to be
// misread. trusted_schema is off: a file that somebody else has tampered with
// must not run functions.
func dsn(path, mode string, busy time.Duration) string {
	q := url.Values{"mode": {mode}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()),
		"trusted_schema(0)",
		"cache_size(-16000)", // KiB
		"temp_store(MEMORY)", // what savepoints remember would go to files
	}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}
