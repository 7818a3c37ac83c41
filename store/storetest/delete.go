package storetest

import (
	"context"
	"testing"

	"glovebox"
)

// testDelete: only an archived job of that version, and then all of it.
func testDelete(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	job := newJob(alice)
	job.Spec.Labels = map[string]string{"a": "1", "b": "2"}
	job.Due = epoch
	job, _, err := s.CreateJob(ctx, job, key("k", "f"))
	if err != nil {
		t.Fatal(err)
	}
	other := create(t, s, numbered(alice, 1))
	refused := func(tenant, id string, version int64, kind glovebox.Kind) {
		t.Helper()
		wantKind(t, s.DeleteJob(ctx, tenant, id, version, newEvent(alice, "refused")), kind, "")
		equal(t, "refused", get(t, s, job.ID), job)
	}
	for _, status := range glovebox.Statuses() {
		job.Status, job.Outcome = status, glovebox.StatusFailed
		job = update(t, s, job)
		refused(bob, job.ID, job.Version, glovebox.KindNotFound)
		refused("", job.ID, job.Version, glovebox.KindNotFound)
		refused(alice, "job-absent", job.Version, glovebox.KindNotFound)
		refused(alice, job.ID, job.Version-1, glovebox.KindStale)
		refused(alice, job.ID, job.Version+1, glovebox.KindStale)
		if status != glovebox.StatusArchived {
			refused(alice, job.ID, job.Version, glovebox.KindConflict)
		}
	}
	if err := s.DeleteJob(ctx, alice, job.ID, job.Version, newEvent(alice, "delete"), newEvent(bob, "seen")); err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.DeleteJob(ctx, alice, job.ID, job.Version, newEvent(alice, "again")), glovebox.KindNotFound, "")
	absent(t, s, job.ID)
	_, err = s.UpdateJob(ctx, job, glovebox.Durable)
	wantKind(t, err, glovebox.KindNotFound, "")
	for _, f := range []glovebox.JobFilter{
		{}, {Labels: map[string]string{"a": "1"}}, {Outcomes: []glovebox.Status{glovebox.StatusFailed}},
	} {
		for _, f.Tenant = range []string{alice, glovebox.AnyTenant} {
			for _, id := range ids(list(t, s, f).Jobs) {
				equal(t, "left", id, other.ID)
			}
		}
	}
	if due, err := s.DueJobs(ctx, epoch, 10); err != nil || len(due) != 0 {
		t.Errorf("due are %v, %v", ids(due), err)
	}
	equal(t, "alice's events", actions(chain(t, s, alice)), []string{"delete"})
	equal(t, "bob's events", actions(chain(t, s, bob)), []string{"seen"})
	create(t, s, job) // nothing of it was left in the way
}

// testDeleteKey: a request whose job was deleted is not carried out again,
// even if another job has its id by now.
func testDeleteKey(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	job := newJob(alice)
	job.Status = glovebox.StatusArchived
	job = createKeyed(t, s, job, key("k", "f"), true)
	if err := s.DeleteJob(ctx, glovebox.AnyTenant, job.ID, job.Version); err != nil {
		t.Fatal(err)
	}
	again := newJob(alice)
	for range 2 {
		_, _, err := s.CreateJob(ctx, again, key("k", "f"))
		wantKind(t, err, glovebox.KindConflict, "")
		_, _, err = s.CreateJob(ctx, again, key("k", "g"))
		wantKind(t, err, glovebox.KindKeyReused, "")
		absent(t, s, again.ID)
		again.ID = glovebox.NewID("job-")
		job.Tenant = bob
		_, _, _ = s.CreateJob(ctx, job, nil) // the second time it is there
	}
	again.CreatedAt = key("k", "f").Expires
	createKeyed(t, s, again, key("k", "f"), true)
}
