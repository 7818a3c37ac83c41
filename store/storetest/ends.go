package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"glovebox"
)

// calls has every method of a store, for what holds for all of them.
func calls(s glovebox.Store, job glovebox.Job) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"CreateJob": func(ctx context.Context) error {
			fresh := job
			fresh.ID = "job-fresh"
			_, _, err := s.CreateJob(ctx, fresh, key("k", "f"))
			return err
		},
		"Job": func(ctx context.Context) error {
			_, err := s.Job(ctx, alice, job.ID)
			return err
		},
		"UpdateJob": func(ctx context.Context) error {
			_, err := s.UpdateJob(ctx, job, glovebox.Durable)
			return err
		},
		"ListJobs": func(ctx context.Context) error {
			_, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: alice})
			return err
		},
		"DueJobs": func(ctx context.Context) error {
			_, err := s.DueJobs(ctx, epoch, 10)
			return err
		},
		"ExpiredJobs": func(ctx context.Context) error {
			_, err := s.ExpiredJobs(ctx, epoch, 10)
			return err
		},
		"DeleteJob": func(ctx context.Context) error {
			return s.DeleteJob(ctx, alice, job.ID, job.Version, newEvent(alice, "a"))
		},
		"Record": func(ctx context.Context) error {
			_, err := s.Record(ctx, "k", "there")
			return err
		},
		"ListRecords": func(ctx context.Context) error {
			_, err := s.ListRecords(ctx, "k", "", "", 10)
			return err
		},
		"Commit": func(ctx context.Context) error {
			return s.Commit(ctx, []glovebox.Write{{Kind: "k", Key: "there", If: glovebox.IfAny}}, newEvent(alice, "a"))
		},
		"PurgeRecords": func(ctx context.Context) error {
			_, err := s.PurgeRecords(ctx, epoch.Add(time.Hour), 10)
			return err
		},
		"AuditEvents": func(ctx context.Context) error {
			_, err := s.AuditEvents(ctx, glovebox.AuditFilter{Tenant: alice})
			return err
		},
		"PutImage": func(ctx context.Context) error {
			return s.PutImage(ctx, glovebox.Image{Tenant: alice, Name: "fresh"})
		},
		"Image": func(ctx context.Context) error {
			_, err := s.Image(ctx, alice, "there")
			return err
		},
		"Images": func(ctx context.Context) error {
			_, err := s.Images(ctx, alice)
			return err
		},
		"DeleteImage": func(ctx context.Context) error { return s.DeleteImage(ctx, alice, "there") },
	}
}

// testContext: a call whose context has ended returns the context's error and
// changes nothing.
func testContext(t *testing.T, s glovebox.Store) {
	job := newJob(alice)
	job.Status = glovebox.StatusArchived
	job = create(t, s, job)
	put(t, s, glovebox.Image{Tenant: alice, Name: "there"})
	commit(t, s, glovebox.Write{Kind: "k", Key: "there", Value: []byte("v"), Expires: epoch})
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	expired, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	for name, call := range calls(s, job) {
		if err := call(cancelled); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v", name, err)
		}
		if err := call(expired); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s with an expired context: %v", name, err)
		}
	}
	absent(t, s, "job-fresh")
	equal(t, "the job", get(t, s, job.ID), job)
	images, err := s.Images(context.Background(), alice)
	if err != nil || len(images) != 1 || images[0].Name != "there" {
		t.Errorf("images are %+v, %v", images, err)
	}
	document(t, s, "k", "there")
	equal(t, "events", chain(t, s, alice), []glovebox.AuditEvent{})
	createKeyed(t, s, newJob(alice), key("k", "another"), true) // the key was not used up
}

// testClosed: a closed store answers, and closing again is fine.
func testClosed(t *testing.T, s glovebox.Store) {
	job := create(t, s, newJob(alice))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls(s, job) {
		if err := call(context.Background()); glovebox.KindOf(err) != glovebox.KindUnavailable {
			t.Errorf("%s on a closed store: %v", name, err)
		}
	}
}
