package storetest

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"glovebox"
)

// testKept: what is kept of a tenant's output follows every write that takes
// effect, and no other.
func testKept(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	want := func(tenant string, bytes int64) {
		t.Helper()
		got, err := s.KeptOutput(ctx, tenant)
		if err != nil || got != bytes {
			t.Errorf("%s keeps %d, %v; want %d", tenant, got, err, bytes)
		}
	}
	want(alice, 0)
	job := newJob(alice)
	job.Output = glovebox.Output{Stdout: 10, Stderr: 1}
	job = create(t, s, job)
	other := newJob(bob)
	other.Output.Stdout = 500
	create(t, s, other)
	if _, _, err := s.CreateJob(ctx, job, nil); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Fatal(err)
	}
	want(alice, 11)
	late := job
	job.Output.Stdout, job.Output.Stderr = 7, 0
	job = update(t, s, job)
	want(alice, 7)
	late.Output.Stdout = 1000
	if _, err := s.UpdateJob(ctx, late, glovebox.Durable); glovebox.KindOf(err) != glovebox.KindStale {
		t.Fatal(err)
	}
	want(alice, 7)
	want(glovebox.AnyTenant, 507)
	if err := s.DeleteJob(ctx, alice, job.ID, job.Version); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Fatal(err)
	}
	want(alice, 7)
	job.Status = glovebox.StatusArchived
	job = update(t, s, job)
	want(alice, 7)
	if err := s.DeleteJob(ctx, alice, job.ID, job.Version); err != nil {
		t.Fatal(err)
	}
	want(alice, 0)
	want(bob, 500)
	want("nobody", 0)
}

// testKeptArtifacts: the same of artifacts, apart from output.
func testKeptArtifacts(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	want := func(tenant string, output, artifacts int64) {
		t.Helper()
		o, err := s.KeptOutput(ctx, tenant)
		a, errA := s.KeptArtifacts(ctx, tenant)
		if err != nil || errA != nil || o != output || a != artifacts {
			t.Errorf("%s keeps %d and %d, %v, %v; want %d and %d", tenant, o, a, err, errA, output, artifacts)
		}
	}
	want(alice, 0, 0)
	job := newJob(alice)
	job.Output.Stdout, job.Artifacts = 10, &glovebox.Artifacts{Bytes: 1 << 40, IndexBytes: 100}
	job = create(t, s, job)
	other := newJob(bob)
	other.Artifacts = &glovebox.Artifacts{Bytes: 1}
	create(t, s, other)
	want(alice, 10, 1<<40+100)
	job.Artifacts = &glovebox.Artifacts{Refused: true}
	job = update(t, s, job)
	want(alice, 10, 0)
	job.Artifacts = &glovebox.Artifacts{Bytes: 7}
	job = update(t, s, job)
	want(alice, 10, 7)
	want(glovebox.AnyTenant, 10, 8)
	job.Status = glovebox.StatusArchived
	job = update(t, s, job)
	if err := s.DeleteJob(ctx, alice, job.ID, job.Version); err != nil {
		t.Fatal(err)
	}
	want(alice, 0, 0)
	want(bob, 0, 1)
}

func (m *model) keptArtifacts(t *rapid.T) {
	tenant := anyTenant.Draw(t, "tenant")
	same(t, m, "kept artifacts", func(s glovebox.Store) (int64, error) { return s.KeptArtifacts(context.Background(), tenant) })
}

func (m *model) kept(t *rapid.T) {
	tenant := anyTenant.Draw(t, "tenant")
	same(t, m, "kept", func(s glovebox.Store) (int64, error) { return s.KeptOutput(context.Background(), tenant) })
}

// jobOfKey asks by the clock that createKeyed goes by: before it, stores may
// have forgotten.
func (m *model) jobOfKey(t *rapid.T) {
	tenant := someTenant.Draw(t, "tenant")
	key := glovebox.IdempotencyKey{
		Key:         rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(t, "key"),
		Fingerprint: rapid.SampledFrom([]string{"f", "g"}).Draw(t, "fingerprint"),
	}
	same(t, m, "job of key", func(s glovebox.Store) (glovebox.Job, error) {
		return s.JobOfKey(context.Background(), tenant, key, m.clock)
	})
}
