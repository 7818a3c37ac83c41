package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"glovebox"
)

// testVersions: every write names the version it was made from.
func testVersions(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	job := create(t, s, newJob(alice))
	for i, d := range []glovebox.Durability{glovebox.Durable, glovebox.Lazy, glovebox.Lazy, glovebox.Durable} {
		job.Owner = fmt.Sprint("owner ", i)
		next, err := s.UpdateJob(ctx, job, d)
		if err != nil {
			t.Fatal(err)
		}
		if next.Version != job.Version+1 {
			t.Fatalf("version %d after %d", next.Version, job.Version)
		}
		job.Version++
		equal(t, "returned", next, job)
		equal(t, "read", get(t, s, job.ID), job)
	}
	for _, version := range []int64{0, -1, 1, job.Version - 1, job.Version + 1} {
		late := job
		late.Version, late.Owner = version, "late"
		for _, d := range []glovebox.Durability{glovebox.Durable, glovebox.Lazy} {
			_, err := s.UpdateJob(ctx, late, d)
			wantKind(t, err, glovebox.KindStale, "")
		}
	}
	equal(t, "after refused updates", get(t, s, job.ID), job)
}

// testFence: a write that knows only an older attempt is refused, even if it
// names the right version.
func testFence(t *testing.T, s glovebox.Store) {
	job := create(t, s, newJob(alice))
	for _, attempt := range []int{0, 1, 1, 3} {
		job.Attempt = attempt
		job = update(t, s, job)
	}
	for _, attempt := range []int{2, 1, 0, -1} {
		old := job
		old.Attempt = attempt
		_, err := s.UpdateJob(context.Background(), old, glovebox.Durable)
		wantKind(t, err, glovebox.KindStale, "")
	}
	equal(t, "after refused updates", get(t, s, job.ID), job)
}

func testUpdateRefused(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	_, err := s.UpdateJob(ctx, newJob(alice), glovebox.Durable)
	wantKind(t, err, glovebox.KindNotFound, "")

	job := create(t, s, newJob(alice))
	for field, spoil := range map[string]func(*glovebox.Job){
		"jobID":     func(j *glovebox.Job) { j.ID = "" },
		"tenant":    func(j *glovebox.Job) { j.Tenant = glovebox.AnyTenant },
		"createdAt": func(j *glovebox.Job) { j.CreatedAt = j.CreatedAt.Add(1) },
		"due":       func(j *glovebox.Job) { j.Due = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		bad := job
		spoil(&bad)
		_, err := s.UpdateJob(ctx, bad, glovebox.Durable)
		wantKind(t, err, glovebox.KindInvalid, field)
	}
	equal(t, "after refused updates", get(t, s, job.ID), job)
}

// testOneWins: of writers that all start from one version exactly one wins,
// round after round, and what it wrote is what is there.
func testOneWins(t *testing.T, s glovebox.Store) {
	const writers, rounds = 16, 8
	ctx := context.Background()
	job := create(t, s, newJob(alice))
	for round := range rounds {
		won := make([]glovebox.Job, writers)
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				mine := job
				mine.Owner = fmt.Sprintf("writer %d in round %d", i, round)
				won[i], errs[i] = s.UpdateJob(ctx, mine, glovebox.Durability(i%2))
			})
		}
		wg.Wait()
		winners := 0
		for i, err := range errs {
			if err == nil {
				winners++
				job = won[i]
				continue
			}
			wantKind(t, err, glovebox.KindStale, "")
		}
		if winners != 1 {
			t.Fatalf("round %d has %d winners", round, winners)
		}
		if want := int64(round + 2); job.Version != want {
			t.Fatalf("version %d after round %d, want %d", job.Version, round, want)
		}
		equal(t, "read after the race", get(t, s, job.ID), job)
	}
}

// testManyJobs: writes that come together do not mix, and one that is refused
// does not take others with it.
func testManyJobs(t *testing.T, s glovebox.Store) {
	const writers, each = 16, 8
	ctx := context.Background()
	taken := create(t, s, newJob(alice))
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for n := range each {
				job := numbered(alice, i*each+n)
				stored, fresh, err := s.CreateJob(ctx, job, nil)
				if err != nil || !fresh {
					t.Errorf("create %s: %v", job.ID, err)
					return
				}
				if _, _, err := s.CreateJob(ctx, taken, nil); glovebox.KindOf(err) != glovebox.KindConflict {
					t.Errorf("creating a taken id: %v", err)
				}
				stored.Owner = job.ID
				if _, err := s.UpdateJob(ctx, stored, glovebox.Durability(n%2)); err != nil {
					t.Errorf("update %s: %v", job.ID, err)
				}
				if _, err := s.UpdateJob(ctx, stored, glovebox.Durable); glovebox.KindOf(err) != glovebox.KindStale {
					t.Errorf("update of an old version of %s: %v", job.ID, err)
				}
			}
		})
	}
	wg.Wait()
	for n := range writers * each {
		want := numbered(alice, n)
		want.Version, want.Owner = 2, want.ID
		equal(t, "read", get(t, s, want.ID), want)
	}
	equal(t, "the taken one", get(t, s, taken.ID), taken)
}
