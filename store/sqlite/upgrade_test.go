package sqlite

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"glovebox"
)

// version1 makes a file that the first version wrote: four jobs each of alice
// and bob, of which one is open, one each completed, failed and was cancelled,
// and every other one has an idempotency key; and an image.
func version1(t *testing.T) string {
	t.Helper()
	return undump(t, 1)
}

// TestUpgrade: a version-1 file can do everything that is new, with what was
// there before.
func TestUpgrade(t *testing.T) {
	path := version1(t)
	for range 2 { // the second time it is up to date
		s := openTest(t, path)
		for outcome, want := range map[glovebox.Status][]string{
			"": {"job-0"}, glovebox.StatusCompleted: {"job-1"}, glovebox.StatusFailed: {"job-2"},
			glovebox.StatusCancelled: {"job-3"},
		} {
			page, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: "alice", Outcomes: []glovebox.Status{outcome}})
			if err != nil || len(page.Jobs) != 1 || page.Jobs[0].ID != want[0] {
				t.Errorf("outcome %q: %+v, %v; want %v", outcome, page.Jobs, err, want)
			}
		}
		both := []glovebox.Status{glovebox.StatusFailed, glovebox.StatusCompleted}
		page, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: glovebox.AnyTenant, Outcomes: both})
		if err != nil || len(page.Jobs) != 4 || page.Jobs[0].ID != "job-6" {
			t.Errorf("outcomes of all: %+v, %v", page.Jobs, err)
		}
		if kept, err := s.KeptOutput(ctx, "alice"); err != nil || kept != keptIn(t, s) {
			t.Errorf("output kept is %d, %v; want %d", kept, err, keptIn(t, s))
		}
		if images, err := s.Images(ctx, "alice"); err != nil || len(images) != 1 {
			t.Errorf("images are %v, %v", images, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := openTest(t, path)
	key := &glovebox.IdempotencyKey{Key: "key-1", Fingerprint: "f", Expires: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	again := newJob("again")
	again.CreatedAt = time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)
	if job, fresh, err := s.CreateJob(ctx, again, key); err != nil || fresh || job.ID != "job-1" {
		t.Errorf("repeated request: %s, %v, %v", job.ID, fresh, err)
	}
	if err := s.DeleteJob(ctx, "alice", "job-1", 2, event("delete")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.CreateJob(ctx, again, key); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("repeated request after the delete: %v", err)
	}
	open, err := s.Job(ctx, "alice", "job-0")
	if err != nil {
		t.Fatal(err)
	}
	open.Status, open.Outcome = glovebox.StatusFailed, glovebox.StatusFailed
	if _, err := s.UpdateJob(ctx, open, glovebox.Durable, event("update")); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(ctx, []glovebox.Write{{Kind: "k", Key: "a", Value: []byte("v")}}, event("commit")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(eventsOf(t, s)); got != "[delete update commit]" {
		t.Errorf("events are %s", got)
	}
}

// TestUpgradeSums: jobs that a version without sums has written are in them.
func TestUpgradeSums(t *testing.T) {
	path := version1(t)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE jobs SET body = json_set(body, '$.output.stdout', 40, '$.output.stderr', 2) WHERE tenant = 'alice'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := openTest(t, path)
	if kept, err := s.KeptOutput(ctx, "alice"); err != nil || kept != 4*42 {
		t.Errorf("output kept is %d, %v", kept, err)
	}
	job, err := s.Job(ctx, "alice", "job-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteJob(ctx, "alice", job.ID, job.Version); err != nil {
		t.Fatal(err)
	}
	if kept, err := s.KeptOutput(ctx, "alice"); err != nil || kept != 3*42 {
		t.Errorf("output kept after a delete is %d, %v", kept, err)
	}
}

// keptIn adds up what stands in alice's jobs.
func keptIn(t *testing.T, s *Store) (sum int64) {
	t.Helper()
	page, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: "alice", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range page.Jobs {
		sum += job.Output.Stdout + job.Output.Stderr
	}
	return sum
}

func event(action string) glovebox.AuditEvent {
	return glovebox.AuditEvent{Tenant: "alice", At: time.Unix(1, 0), Action: action, OK: true}
}

func eventsOf(t testing.TB, s *Store) (actions []string) {
	t.Helper()
	events, err := s.AuditEvents(ctx, glovebox.AuditFilter{Tenant: "alice", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if err := glovebox.VerifyChain(events); err != nil {
		t.Error(err)
	}
	for _, e := range events {
		actions = append(actions, e.Action)
	}
	return actions
}
