package metrics

import (
	"context"
	"time"

	"glovebox"
)

// Store returns next with every call timed, its errors counted by kind, and
// the audit events that took effect counted by action. It embeds nothing, so a
// new method of the interface does not compile until it is measured.
func (m *Metrics) Store(next glovebox.Store) glovebox.Store {
	return &store{next: next, calls: m.store, power: m.power}
}

type store struct {
	next  glovebox.Store
	calls calls
	power power
}

func (s *store) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey, events ...glovebox.AuditEvent) (stored glovebox.Job, fresh bool, err error) {
	defer s.calls.began("CreateJob")(&err)
	stored, fresh, err = s.next.CreateJob(ctx, job, key, events...)
	if fresh {
		s.power.audited(events, err)
	}
	return stored, fresh, err
}

func (s *store) Job(ctx context.Context, tenant, id string) (job glovebox.Job, err error) {
	defer s.calls.began("Job")(&err)
	return s.next.Job(ctx, tenant, id)
}

func (s *store) JobOfKey(ctx context.Context, tenant string, key glovebox.IdempotencyKey, now time.Time) (job glovebox.Job, err error) {
	defer s.calls.began("JobOfKey")(&err)
	return s.next.JobOfKey(ctx, tenant, key, now)
}

func (s *store) UpdateJob(ctx context.Context, job glovebox.Job, d glovebox.Durability, events ...glovebox.AuditEvent) (stored glovebox.Job, err error) {
	defer s.calls.began("UpdateJob")(&err)
	stored, err = s.next.UpdateJob(ctx, job, d, events...)
	s.power.audited(events, err)
	return stored, err
}

func (s *store) DeleteJob(ctx context.Context, tenant, id string, version int64, events ...glovebox.AuditEvent) (err error) {
	defer s.calls.began("DeleteJob")(&err)
	err = s.next.DeleteJob(ctx, tenant, id, version, events...)
	s.power.audited(events, err)
	return err
}

func (s *store) ListJobs(ctx context.Context, filter glovebox.JobFilter) (page glovebox.JobPage, err error) {
	defer s.calls.began("ListJobs")(&err)
	return s.next.ListJobs(ctx, filter)
}

func (s *store) KeptOutput(ctx context.Context, tenant string) (bytes int64, err error) {
	defer s.calls.began("KeptOutput")(&err)
	return s.next.KeptOutput(ctx, tenant)
}

func (s *store) KeptArtifacts(ctx context.Context, tenant string) (bytes int64, err error) {
	defer s.calls.began("KeptArtifacts")(&err)
	return s.next.KeptArtifacts(ctx, tenant)
}

func (s *store) DueJobs(ctx context.Context, now time.Time, limit int) (jobs []glovebox.Job, err error) {
	defer s.calls.began("DueJobs")(&err)
	return s.next.DueJobs(ctx, now, limit)
}

func (s *store) ExpiredJobs(ctx context.Context, now time.Time, limit int) (jobs []glovebox.Job, err error) {
	defer s.calls.began("ExpiredJobs")(&err)
	return s.next.ExpiredJobs(ctx, now, limit)
}

func (s *store) PutImage(ctx context.Context, img glovebox.Image, events ...glovebox.AuditEvent) (err error) {
	defer s.calls.began("PutImage")(&err)
	err = s.next.PutImage(ctx, img, events...)
	s.power.audited(events, err)
	return err
}

func (s *store) Image(ctx context.Context, tenant, name string) (img glovebox.Image, err error) {
	defer s.calls.began("Image")(&err)
	return s.next.Image(ctx, tenant, name)
}

func (s *store) Images(ctx context.Context, tenant string) (all []glovebox.Image, err error) {
	defer s.calls.began("Images")(&err)
	return s.next.Images(ctx, tenant)
}

func (s *store) DeleteImage(ctx context.Context, tenant, name string, events ...glovebox.AuditEvent) (err error) {
	defer s.calls.began("DeleteImage")(&err)
	err = s.next.DeleteImage(ctx, tenant, name, events...)
	s.power.audited(events, err)
	return err
}

func (s *store) Record(ctx context.Context, kind, key string) (r glovebox.Record, err error) {
	defer s.calls.began("Record")(&err)
	return s.next.Record(ctx, kind, key)
}

func (s *store) ListRecords(ctx context.Context, kind, prefix, after string, limit int) (all []glovebox.Record, err error) {
	defer s.calls.began("ListRecords")(&err)
	return s.next.ListRecords(ctx, kind, prefix, after, limit)
}

func (s *store) Commit(ctx context.Context, writes []glovebox.Write, events ...glovebox.AuditEvent) (err error) {
	defer s.calls.began("Commit")(&err)
	err = s.next.Commit(ctx, writes, events...)
	s.power.audited(events, err)
	return err
}

func (s *store) PurgeRecords(ctx context.Context, now time.Time, limit int) (n int, err error) {
	defer s.calls.began("PurgeRecords")(&err)
	return s.next.PurgeRecords(ctx, now, limit)
}

func (s *store) AuditEvents(ctx context.Context, filter glovebox.AuditFilter) (events []glovebox.AuditEvent, err error) {
	defer s.calls.began("AuditEvents")(&err)
	return s.next.AuditEvents(ctx, filter)
}

func (s *store) Close() (err error) {
	defer s.calls.began("Close")(&err)
	return s.next.Close()
}
