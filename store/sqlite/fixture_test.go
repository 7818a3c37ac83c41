package sqlite

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox"
)

var ctx = context.Background()

func openTest(t testing.TB, path string) *Store {
	t.Helper()
	s, err := open(ctx, path, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // tests that care close it themselves
	return s
}

func tempPath(t testing.TB) string { return filepath.Join(t.TempDir(), "glovebox.db") }

func newJob(id string) glovebox.Job {
	return glovebox.Job{ID: id, Tenant: "alice", Status: glovebox.StatusPending, CreatedAt: time.Unix(1, 0)}
}

func mustCreate(t testing.TB, s *Store, id string) glovebox.Job {
	t.Helper()
	job, _, err := s.CreateJob(ctx, newJob(id), nil)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func has(t testing.TB, s *Store, id string) bool {
	t.Helper()
	_, err := s.Job(ctx, "alice", id)
	if err != nil && glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Fatal(err)
	}
	return err == nil
}

// wantUnavailable asks for KindUnavailable and a word of its hint or message.
func wantUnavailable(t testing.TB, err error, word string) {
	t.Helper()
	e := glovebox.AsError(err)
	if e.Kind != glovebox.KindUnavailable || e.Hint == "" || !strings.Contains(e.Message+" "+e.Hint, word) {
		t.Errorf("got %s: %q, hint %q; want unavailable with a hint, and %q", e.Kind, e.Message, e.Hint, word)
	}
}
