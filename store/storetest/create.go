package storetest

import (
	"context"
	"testing"
	"time"

	"glovebox"
)

func testCreate(t *testing.T, s glovebox.Store) {
	job := newJob(alice)
	job.Version = 41 // says nothing: the job is new
	stored := create(t, s, job)
	if stored.Version != 1 {
		t.Fatalf("version %d, want 1", stored.Version)
	}
	job.Version = 1
	equal(t, "created", stored, job)
	equal(t, "read", get(t, s, job.ID), job)

	again := newJob(alice)
	again.ID = job.ID
	_, _, err := s.CreateJob(context.Background(), again, nil)
	wantKind(t, err, glovebox.KindConflict, "")
	again.Tenant = bob // ids are unique across tenants
	_, _, err = s.CreateJob(context.Background(), again, nil)
	wantKind(t, err, glovebox.KindConflict, "")
	equal(t, "read after a refused create", get(t, s, job.ID), job)

	_, err = s.Job(context.Background(), alice, glovebox.NewID("job-"))
	wantKind(t, err, glovebox.KindNotFound, "")
}

func testCreateRefused(t *testing.T, s glovebox.Store) {
	for field, spoil := range map[string]func(*glovebox.Job){
		"jobID":     func(j *glovebox.Job) { j.ID = "" },
		"tenant":    func(j *glovebox.Job) { j.Tenant = "" },
		"createdAt": func(j *glovebox.Job) { j.CreatedAt = time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC) },
		"due":       func(j *glovebox.Job) { j.Due = time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		job := newJob(alice)
		spoil(&job)
		_, _, err := s.CreateJob(context.Background(), job, nil)
		wantKind(t, err, glovebox.KindInvalid, field)
	}
	job := newJob(glovebox.AnyTenant)
	_, _, err := s.CreateJob(context.Background(), job, nil)
	wantKind(t, err, glovebox.KindInvalid, "tenant")
	page, err := s.ListJobs(context.Background(), glovebox.JobFilter{Tenant: glovebox.AnyTenant})
	if err != nil || len(page.Jobs) != 0 {
		t.Fatalf("refused jobs are there: %v, %v", ids(page.Jobs), err)
	}
}

// testTenants: what belongs to another tenant is not there.
func testTenants(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	job := create(t, s, newJob(alice))
	for _, tenant := range []string{bob, "", "ALICE", "alice ", "alic", "alice\x00", "%"} {
		_, err := s.Job(ctx, tenant, job.ID)
		wantKind(t, err, glovebox.KindNotFound, "")
		if tenant == "" {
			continue // a list with it is refused, see testLimits
		}
		page, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: tenant})
		if err != nil || len(page.Jobs) != 0 {
			t.Fatalf("tenant %q lists %v, %v", tenant, ids(page.Jobs), err)
		}
	}
	for _, tenant := range []string{alice, glovebox.AnyTenant} {
		if _, err := s.Job(ctx, tenant, job.ID); err != nil {
			t.Fatalf("tenant %q: %v", tenant, err)
		}
	}
	stolen := job
	stolen.Tenant = bob
	_, err := s.UpdateJob(ctx, stolen, glovebox.Durable)
	wantKind(t, err, glovebox.KindNotFound, "")
	equal(t, "after a foreign update", get(t, s, job.ID), job)
}
