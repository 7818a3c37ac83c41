package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"glovebox"
)

// OpenIn opens the store that lives in a folder, making it if need be.
type OpenIn func(t *testing.T, dir string) glovebox.Store

// RunDurable tests that a store which lives in a folder outlives its process.
// What it cannot do from here is to kill that process; see the tests of
// store/sqlite for one way.
func RunDurable(t *testing.T, open OpenIn) {
	t.Run("reopen", func(t *testing.T) { testReopen(t, open) })
	t.Run("close waits for writes", func(t *testing.T) { testCloseWaits(t, open) })
	t.Run("files as a crash leaves them", func(t *testing.T) { testCrash(t, open) })
}

// testReopen: everything is there again: jobs, lists, keys, images, versions,
// documents, events.
func testReopen(t *testing.T, open OpenIn) {
	ctx := context.Background()
	dir := t.TempDir()
	s := open(t, dir)
	var want []glovebox.Job
	for n := range 20 {
		job := numbered(alice, n)
		job.Spec.Labels = map[string]string{"n": fmt.Sprint(n % 3)}
		job.Due = job.CreatedAt
		job = createKeyed(t, s, job, key(fmt.Sprint("k", n), "f"), true)
		job.Node = "n1"
		job, err := s.UpdateJob(ctx, job, glovebox.Durability(n%2))
		if err != nil {
			t.Fatal(err)
		}
		want = append([]glovebox.Job{job}, want...)
	}
	img := glovebox.Image{Tenant: alice, Name: "there", Created: epoch}
	put(t, s, img)
	put(t, s, glovebox.Image{Tenant: alice, Name: "gone"})
	if err := s.DeleteImage(ctx, alice, "gone"); err != nil {
		t.Fatal(err)
	}
	kept := text("k", "there", "v", glovebox.IfAbsent)
	kept.Expires = epoch
	if err := s.Commit(ctx, []glovebox.Write{kept, text("k", "gone", "v", 0)}, newEvent(alice, "a"), newEvent(bob, "b")); err != nil {
		t.Fatal(err)
	}
	commit(t, s, glovebox.Write{Kind: "k", Key: "gone", If: 1})
	events := chain(t, s, alice)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		equal(t, "document", document(t, s, "k", "there"),
			glovebox.Record{Kind: "k", Key: "there", Version: 1, Value: []byte("v"), Expires: epoch})
		noDocument(t, s, "k", "gone")
		equal(t, "events", chain(t, s, alice), events)
		equal(t, "jobs", list(t, s, glovebox.JobFilter{Tenant: alice, Node: "n1"}).Jobs, want)
		if got := list(t, s, glovebox.JobFilter{Tenant: alice, Labels: map[string]string{"n": "1"}}); len(got.Jobs) != 7 {
			t.Errorf("%d jobs have the label, want 7", len(got.Jobs))
		}
		due, err := s.DueJobs(ctx, want[0].Due, 100)
		if err != nil || len(due) != len(want) {
			t.Errorf("%d jobs are due, %v; want %d", len(due), err, len(want))
		}
		equal(t, "repeated request", createKeyed(t, s, newJob(alice), key("k0", "f"), false), want[19])
		images, err := s.Images(ctx, alice)
		if err != nil || len(images) != 1 || images[0].Name != img.Name {
			t.Errorf("images are %+v, %v", images, err)
		}
	}
	want[0].Owner = "after"
	update(t, s, want[0]) // the version went on
	if err := s.Commit(ctx, nil, newEvent(alice, "c"), newEvent(bob, "d")); err != nil {
		t.Fatal(err)
	}
	equal(t, "the chain goes on", actions(chain(t, s, alice)), []string{"a", "c"})
	equal(t, "bob's chain goes on", actions(chain(t, s, bob)), []string{"b", "d"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// testCloseWaits: a write that runs into Close is either acknowledged and
// there, or refused.
func testCloseWaits(t *testing.T, open OpenIn) {
	dir := t.TempDir()
	s := open(t, dir)
	var mu sync.Mutex
	acknowledged, refused := []string{}, 0
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				job := numbered(alice, i*100_000+n)
				_, _, err := s.CreateJob(context.Background(), job, nil)
				mu.Lock()
				if err == nil {
					acknowledged = append(acknowledged, job.ID)
					mu.Unlock()
					continue
				}
				refused++
				mu.Unlock()
				if glovebox.KindOf(err) != glovebox.KindUnavailable {
					t.Errorf("create while closing: %v", err)
				}
				return
			}
		})
	}
	time.Sleep(20 * time.Millisecond) // some writes; how many does not matter
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if refused != 8 {
		t.Errorf("%d writers were refused, want 8", refused)
	}
	s = open(t, dir)
	for _, id := range acknowledged {
		get(t, s, id)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
