package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"glovebox"
)

// TestModes: nobody else can read the files, whatever the umask.
func TestModes(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path)
	mustCreate(t, s, "a")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", info.Name(), info.Mode())
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log is still there after Close: %v", err)
	}
}

// TestPaths: a path is a path, not a URL.
func TestPaths(t *testing.T) {
	for _, name := range []string{"a b", "q?mode=memory", "h#h", "p%20p", "é", "file:x", "'; --", ":memory:"} {
		path := filepath.Join(t.TempDir(), name)
		s := openTest(t, path)
		mustCreate(t, s, "a")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q: %v", name, err)
		}
		if !has(t, openTest(t, path), "a") {
			t.Errorf("%q: nothing there", name)
		}
	}
}

func TestOpenRefused(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte(fmt.Sprintf("%4096s", "this is no database")), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign")
	execFile(t, foreign, "CREATE TABLE theirs (x)")
	cut := filepath.Join(dir, "cut")
	s := openTest(t, cut)
	mustCreate(t, s, "a")
	if err := errors.Join(s.Close(), os.Truncate(cut, 5000)); err != nil {
		t.Fatal(err)
	}
	for path, word := range map[string]string{
		filepath.Join(dir, "absent", "x"): "create the folder",
		dir:                               "folder",
		garbage:                           "not a store",
		foreign:                           "something else",
		cut:                               "damaged",
	} {
		_, err := open(ctx, path, 50*time.Millisecond)
		wantUnavailable(t, err, word)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Open(ended, filepath.Join(dir, "x")); !errors.Is(err, context.Canceled) {
		t.Errorf("open with a cancelled context: %v", err)
	}
}

// TestNewer: a file that a newer glovebox wrote is left alone.
func TestNewer(t *testing.T) {
	path := tempPath(t)
	if err := openTest(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	execFile(t, path, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1))
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, path)
	wantUnavailable(t, err, "upgrade")
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, %v", err)
	}
}

// TestMigration: an older file is brought up to date with what is in it, and
// a migration that fails changes nothing.
func TestMigration(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path)
	mustCreate(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	released := migrations
	defer func() { migrations = released }()

	migrations = append(released[:len(released):len(released)], "CREATE TABLE added (x); CREATE TABLE jobs (y)")
	if _, err := Open(ctx, path); glovebox.KindOf(err) != glovebox.KindInternal {
		t.Errorf("a migration that cannot work: %v", err)
	}
	migrations[len(released)] = "CREATE TABLE added (x)" // fails if it is there already
	s = openTest(t, path)
	if !has(t, s, "a") {
		t.Error("the job is gone")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openTest(t, path)

	migrations = released
	_, err := Open(ctx, path)
	wantUnavailable(t, err, "upgrade")
}

func execFile(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
