package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
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
	storetest.Run(t, func(t *testing.T) glovebox.Store { return openIn(t, memoryDir(t)) })
}

// TestStoreOfEachVersion: a file that an older version has made is as good as a
// new one.
func TestStoreOfEachVersion(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	if raceDetector {
		t.Skip("skipped: TestStore runs the same code under the race detector; the suite \"plain\" of `make test` runs this without")
	}
	for _, version := range sqlite.Dumped(t) {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			empty, err := os.ReadFile(sqlite.EmptyOf(t, version))
			if err != nil {
				t.Fatal(err)
			}
			storetest.Run(t, func(t *testing.T) glovebox.Store {
				dir := memoryDir(t)
				if err := os.WriteFile(filepath.Join(dir, "glovebox.db"), empty, 0o600); err != nil {
					t.Fatal(err)
				}
				return openIn(t, dir)
			})
		})
	}
}

// memoryDir is a folder on a disk in memory if there is one: the suite makes
// thousands of writes, and waiting for a disk that others keep busy proves
// nothing more. What is about durability uses a real one.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "glovebox-store-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
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
