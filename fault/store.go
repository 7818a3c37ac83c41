package fault

import (
	"context"
	"time"

	"glovebox"
)

// Store makes the calls of a store fail: "store." and the method's name.
func Store(p *Process, s glovebox.Store) glovebox.Store { return &store{s, p} }

type store struct {
	glovebox.Store
	p *Process
}

func (s *store) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey, events ...glovebox.AuditEvent) (glovebox.Job, bool, error) {
	fresh := false
	stored, err := through(s.p, "store.CreateJob", func() (stored glovebox.Job, err error) {
		stored, fresh, err = s.Store.CreateJob(ctx, job, key, events...)
		return stored, err
	})
	return stored, fresh && err == nil, err
}

func (s *store) JobOfKey(ctx context.Context, tenant string, key glovebox.IdempotencyKey, now time.Time) (glovebox.Job, error) {
	return through(s.p, "store.JobOfKey", func() (glovebox.Job, error) { return s.Store.JobOfKey(ctx, tenant, key, now) })
}

func (s *store) Job(ctx context.Context, tenant, id string) (glovebox.Job, error) {
	return through(s.p, "store.Job", func() (glovebox.Job, error) { return s.Store.Job(ctx, tenant, id) })
}

func (s *store) UpdateJob(ctx context.Context, job glovebox.Job, d glovebox.Durability, events ...glovebox.AuditEvent) (glovebox.Job, error) {
	return through(s.p, "store.UpdateJob", func() (glovebox.Job, error) { return s.Store.UpdateJob(ctx, job, d, events...) })
}

func (s *store) DeleteJob(ctx context.Context, tenant, id string, version int64, events ...glovebox.AuditEvent) error {
	return run(s.p, "store.DeleteJob", func() error { return s.Store.DeleteJob(ctx, tenant, id, version, events...) })
}

func (s *store) ListJobs(ctx context.Context, filter glovebox.JobFilter) (glovebox.JobPage, error) {
	return through(s.p, "store.ListJobs", func() (glovebox.JobPage, error) { return s.Store.ListJobs(ctx, filter) })
}

func (s *store) KeptOutput(ctx context.Context, tenant string) (int64, error) {
	return through(s.p, "store.KeptOutput", func() (int64, error) { return s.Store.KeptOutput(ctx, tenant) })
}

func (s *store) KeptArtifacts(ctx context.Context, tenant string) (int64, error) {
	return through(s.p, "store.KeptArtifacts", func() (int64, error) { return s.Store.KeptArtifacts(ctx, tenant) })
}

func (s *store) ExpiredJobs(ctx context.Context, now time.Time, limit int) ([]glovebox.Job, error) {
	return through(s.p, "store.ExpiredJobs", func() ([]glovebox.Job, error) { return s.Store.ExpiredJobs(ctx, now, limit) })
}

func (s *store) DueJobs(ctx context.Context, now time.Time, limit int) ([]glovebox.Job, error) {
	return through(s.p, "store.DueJobs", func() ([]glovebox.Job, error) { return s.Store.DueJobs(ctx, now, limit) })
}

func (s *store) PutImage(ctx context.Context, img glovebox.Image, events ...glovebox.AuditEvent) error {
	return run(s.p, "store.PutImage", func() error { return s.Store.PutImage(ctx, img, events...) })
}

func (s *store) Image(ctx context.Context, tenant, name string) (glovebox.Image, error) {
	return through(s.p, "store.Image", func() (glovebox.Image, error) { return s.Store.Image(ctx, tenant, name) })
}

func (s *store) Images(ctx context.Context, tenant string) ([]glovebox.Image, error) {
	return through(s.p, "store.Images", func() ([]glovebox.Image, error) { return s.Store.Images(ctx, tenant) })
}

func (s *store) DeleteImage(ctx context.Context, tenant, name string, events ...glovebox.AuditEvent) error {
	return run(s.p, "store.DeleteImage", func() error { return s.Store.DeleteImage(ctx, tenant, name, events...) })
}

func (s *store) Record(ctx context.Context, kind, key string) (glovebox.Record, error) {
	return through(s.p, "store.Record", func() (glovebox.Record, error) { return s.Store.Record(ctx, kind, key) })
}

func (s *store) ListRecords(ctx context.Context, kind, prefix, after string, limit int) ([]glovebox.Record, error) {
	return through(s.p, "store.ListRecords", func() ([]glovebox.Record, error) {
		return s.Store.ListRecords(ctx, kind, prefix, after, limit)
	})
}

func (s *store) Commit(ctx context.Context, writes []glovebox.Write, events ...glovebox.AuditEvent) error {
	return run(s.p, "store.Commit", func() error { return s.Store.Commit(ctx, writes, events...) })
}

func (s *store) PurgeRecords(ctx context.Context, now time.Time, limit int) (int, error) {
	return through(s.p, "store.PurgeRecords", func() (int, error) { return s.Store.PurgeRecords(ctx, now, limit) })
}

func (s *store) AuditEvents(ctx context.Context, filter glovebox.AuditFilter) ([]glovebox.AuditEvent, error) {
	return through(s.p, "store.AuditEvents", func() ([]glovebox.AuditEvent, error) { return s.Store.AuditEvents(ctx, filter) })
}
