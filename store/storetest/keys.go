package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"glovebox"
)

func key(name, fingerprint string) *glovebox.IdempotencyKey {
	return &glovebox.IdempotencyKey{Key: name, Fingerprint: fingerprint, Expires: epoch.Add(time.Hour)}
}

func createKeyed(t testing.TB, s glovebox.Jobs, job glovebox.Job, k *glovebox.IdempotencyKey, fresh bool) glovebox.Job {
	t.Helper()
	stored, got, err := s.CreateJob(context.Background(), job, k)
	if err != nil {
		t.Fatalf("create %s with a key: %v", job.ID, err)
	}
	if got != fresh {
		t.Fatalf("create %s with a key: fresh %v, want %v", job.ID, got, fresh)
	}
	return stored
}

func absent(t testing.TB, s glovebox.Jobs, id string) {
	t.Helper()
	_, err := s.Job(context.Background(), glovebox.AnyTenant, id)
	wantKind(t, err, glovebox.KindNotFound, "")
}

// testKeySame: a repeated request returns the first one's job as it is now,
// and stores nothing.
func testKeySame(t *testing.T, s glovebox.Store) {
	first := createKeyed(t, s, newJob(alice), key("k", "f"), true)
	again := newJob(alice)
	equal(t, "repeated", createKeyed(t, s, again, key("k", "f"), false), first)
	absent(t, s, again.ID)

	first.Status = glovebox.StatusRunning
	first = update(t, s, first)
	equal(t, "repeated later", createKeyed(t, s, again, key("k", "f"), false), first)
	equal(t, "repeated with the same id", createKeyed(t, s, first, key("k", "f"), false), first)
	absent(t, s, again.ID)
}

func testKeyReused(t *testing.T, s glovebox.Store) {
	first := createKeyed(t, s, newJob(alice), key("k", "f"), true)
	other := newJob(alice)
	_, fresh, err := s.CreateJob(context.Background(), other, key("k", "g"))
	wantKind(t, err, glovebox.KindKeyReused, "")
	if fresh {
		t.Fatal("refused, and fresh")
	}
	absent(t, s, other.ID)
	equal(t, "the first one", createKeyed(t, s, other, key("k", "f"), false), first)
}

// testKeyScope: a key means something within its tenant only, and to the
// letter.
func testKeyScope(t *testing.T, s glovebox.Store) {
	createKeyed(t, s, newJob(alice), key("k", "f"), true)
	createKeyed(t, s, newJob(bob), key("k", "f"), true)
	for _, name := range []string{"K", "k ", "", "k\x00"} {
		createKeyed(t, s, newJob(alice), key(name, "f"), true)
	}
	createKeyed(t, s, newJob(bob), key("k2", "f"), true)
	createKeyed(t, s, newJob(alice), nil, true)
	createKeyed(t, s, newJob(alice), nil, true)
}

// testKeyExpiry: a key holds for jobs made before it expires, and the time
// that counts is that of the first request.
func testKeyExpiry(t *testing.T, s glovebox.Store) {
	first := createKeyed(t, s, newJob(alice), key("k", "f"), true)
	late := newJob(alice)
	late.CreatedAt = epoch.Add(time.Hour - 1)
	longer := key("k", "f")
	longer.Expires = epoch.Add(time.Hour * 24)
	equal(t, "just before it expires", createKeyed(t, s, late, longer, false), first)

	late.CreatedAt = epoch.Add(time.Hour)
	second := createKeyed(t, s, late, longer, true)
	again := newJob(alice)
	again.CreatedAt = epoch.Add(24*time.Hour - 1)
	equal(t, "the key is the second one's now", createKeyed(t, s, again, longer, false), second)

	for i := range 20 { // many that have expired are not in the way
		job := numbered(alice, i)
		k := key(fmt.Sprint("short ", i), "f")
		k.Expires = job.CreatedAt.Add(1)
		createKeyed(t, s, job, k, true)
	}
	equal(t, "still there", createKeyed(t, s, again, longer, false), second)
}

// testKeyRefused: a create that is refused does not use up its key.
func testKeyRefused(t *testing.T, s glovebox.Store) {
	taken := create(t, s, newJob(alice))
	_, _, err := s.CreateJob(context.Background(), taken, key("k", "f"))
	wantKind(t, err, glovebox.KindConflict, "")
	createKeyed(t, s, newJob(alice), key("k", "another"), true)
}

// testKeyAtOnce: of requests that come at once with one key one makes a job,
// and all are told of it.
func testKeyAtOnce(t *testing.T, s glovebox.Store) {
	const callers, rounds = 16, 4
	for round := range rounds {
		stored := make([]glovebox.Job, callers)
		fresh := make([]bool, callers)
		errs := make([]error, callers)
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				stored[i], fresh[i], errs[i] = s.CreateJob(context.Background(), newJob(alice), key(fmt.Sprint(round), "f"))
			})
		}
		wg.Wait()
		made := 0
		for i := range callers {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			equal(t, "the job", stored[i], stored[0])
			if fresh[i] {
				made++
			}
		}
		if made != 1 {
			t.Fatalf("%d callers made a job", made)
		}
		page, err := s.ListJobs(context.Background(), glovebox.JobFilter{Tenant: alice})
		if err != nil || len(page.Jobs) != round+1 {
			t.Fatalf("%d jobs after round %d, %v", len(page.Jobs), round, err)
		}
	}
}
