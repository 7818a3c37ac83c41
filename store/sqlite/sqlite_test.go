package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"glovebox"
	"glovebox/store/sqlite"
	"glovebox/store/storetest"
)

func openIn(t testing.TB, dir string) glovebox.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), filepath.Join(dir, "glovebox.db"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) glovebox.Store { return openIn(t, t.TempDir()) })
}

func TestDurable(t *testing.T) {
	storetest.RunDurable(t, func(t *testing.T, dir string) glovebox.Store { return openIn(t, dir) })
}

// checkIntegrity has SQLite look through the whole file, which nobody may have
// open.
func checkIntegrity(t testing.TB, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "glovebox.db"))
	if err != nil {
		t.Fatal(err)
	}
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("the file is not whole: %s %v", verdict, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) glovebox.Store { return openIn(b, b.TempDir()) })
}
