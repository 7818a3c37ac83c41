package storetest

import (
	"context"
	"testing"
	"time"

	"glovebox"
)

// testDue: the longest overdue first, of any tenant, and nothing that is not
// due; archived jobs in a list of their own.
func testDue(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	at := func(id, tenant string, due time.Time) glovebox.Job {
		job := newJob(tenant)
		job.ID, job.Due = id, due
		return create(t, s, job)
	}
	now := epoch.Add(time.Hour)
	at("never", alice, time.Time{})
	at("later", alice, now.Add(1))
	at("now", bob, now)
	at("b", alice, now.Add(-1))
	at("a", alice, now.Add(-1))
	old := at("old", bob, time.Unix(-1, 0))
	archived := at("archived", alice, now.Add(-time.Minute))
	archived.Status = glovebox.StatusArchived
	archived = update(t, s, archived)
	for _, j := range []glovebox.Job{at("kept", bob, now.Add(time.Minute)), at("oldest", bob, now.Add(-time.Hour)), at("for ever", bob, time.Time{})} {
		j.Status = glovebox.StatusArchived
		update(t, s, j)
	}

	due := func(limit int) []string {
		t.Helper()
		jobs, err := s.DueJobs(ctx, now, limit)
		if err != nil {
			t.Fatal(err)
		}
		return ids(jobs)
	}
	expired := func(limit int) []string {
		t.Helper()
		jobs, err := s.ExpiredJobs(ctx, now, limit)
		if err != nil {
			t.Fatal(err)
		}
		return ids(jobs)
	}
	equal(t, "all", due(100), []string{"old", "a", "b", "now"})
	equal(t, "the first", due(2), []string{"old", "a"})
	equal(t, "all expired", expired(100), []string{"oldest", "archived"})
	equal(t, "the first expired", expired(1), []string{"oldest"})
	equal(t, "none expired", expired(0), []string{})
	equal(t, "fewer than none expired", expired(-1), []string{})
	equal(t, "none", due(0), []string{})
	equal(t, "fewer than none", due(-1), []string{})

	archived.Due = time.Time{}
	update(t, s, archived)
	equal(t, "expired after an update", expired(100), []string{"oldest"})
	if err := s.DeleteJob(ctx, bob, "oldest", 2); err != nil {
		t.Fatal(err)
	}
	equal(t, "expired after a delete", expired(100), []string{})
	old.Due = now.Add(time.Hour)
	update(t, s, old)
	equal(t, "after updates", due(100), []string{"a", "b", "now"})
	now = now.Add(time.Hour).In(time.FixedZone("", -7200))
	equal(t, "later", due(100), []string{"a", "b", "now", "later", "old"})
	equal(t, "expired later", expired(100), []string{"kept"})
}
