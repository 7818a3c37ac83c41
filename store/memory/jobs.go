package memory

import (
	"context"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

// CreateJob implements glovebox.Jobs. A key has expired when the new job's
// CreatedAt is not before its Expires: the store has no clock of its own.
func (s *Store) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey,
	events ...glovebox.AuditEvent,
) (glovebox.Job, bool, error) {
	job.Version = 1
	stored, body, err := record.Job(job)
	if err != nil {
		return glovebox.Job{}, false, err
	}
	if events, err = record.Events(events); err != nil {
		return glovebox.Job{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return glovebox.Job{}, false, err
	}
	if key != nil {
		first, err := s.keyed(stored.Tenant, *key, stored.CreatedAt)
		if err != nil || first.ID != "" {
			return first, false, err
		}
	}
	if _, ok := s.jobs[stored.ID]; ok {
		return glovebox.Job{}, false, glovebox.Errorf(glovebox.KindConflict, "job %s exists", job.ID)
	}
	s.jobs[stored.ID] = entry{stored, body}
	if key != nil {
		s.keys[scopedKey{stored.Tenant, key.Key}] = usedKey{key.Fingerprint, key.Expires, stored.ID}
	}
	s.append(events)
	out, err := record.ParseJob(body)
	return out, true, err
}

// keyed returns the job that a key stands for, a zero one if it stands for
// none; s.mu is held.
func (s *Store) keyed(tenant string, key glovebox.IdempotencyKey, now time.Time) (glovebox.Job, error) {
	used, ok := s.keys[scopedKey{tenant, key.Key}]
	switch {
	case !ok || !now.Before(used.expires):
		return glovebox.Job{}, nil
	case used.fingerprint != key.Fingerprint:
		return glovebox.Job{}, glovebox.Errorf(glovebox.KindKeyReused,
			"the idempotency key belongs to another request").Try("use a new key for a new request")
	case used.job == "":
		return glovebox.Job{}, glovebox.Errorf(glovebox.KindConflict,
			"the job of this idempotency key has been deleted").Try("use a new key for a new request")
	}
	return record.ParseJob(s.jobs[used.job].record)
}

// JobOfKey implements glovebox.Jobs.
func (s *Store) JobOfKey(ctx context.Context, tenant string, key glovebox.IdempotencyKey, now time.Time) (glovebox.Job, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return glovebox.Job{}, err
	}
	job, err := s.keyed(tenant, key, now)
	if err == nil && job.ID == "" {
		err = record.KeyUnused()
	}
	return job, err
}

// Job implements glovebox.Jobs.
func (s *Store) Job(ctx context.Context, tenant, id string) (glovebox.Job, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return glovebox.Job{}, err
	}
	e, ok := s.jobs[id]
	if !ok || tenant != glovebox.AnyTenant && tenant != e.job.Tenant {
		return glovebox.Job{}, notFound(id)
	}
	return record.ParseJob(e.record)
}

// KeptOutput implements glovebox.Jobs: it adds up what is there.
func (s *Store) KeptOutput(ctx context.Context, tenant string) (int64, error) {
	return s.sum(ctx, tenant, func(j glovebox.Job) int64 { return j.Output.Stdout + j.Output.Stderr })
}

// KeptArtifacts implements glovebox.Jobs in the same way.
func (s *Store) KeptArtifacts(ctx context.Context, tenant string) (int64, error) {
	return s.sum(ctx, tenant, func(j glovebox.Job) int64 { return j.Artifacts.Kept() })
}

func (s *Store) sum(ctx context.Context, tenant string, of func(glovebox.Job) int64) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	sum := int64(0)
	for _, e := range s.jobs {
		if tenant == glovebox.AnyTenant || tenant == e.job.Tenant {
			sum += of(e.job)
		}
	}
	return sum, nil
}

// UpdateJob implements glovebox.Jobs.
func (s *Store) UpdateJob(ctx context.Context, job glovebox.Job, _ glovebox.Durability,
	events ...glovebox.AuditEvent,
) (glovebox.Job, error) {
	next := job
	next.Version++
	stored, body, err := record.Job(next)
	if err != nil {
		return glovebox.Job{}, err
	}
	if events, err = record.Events(events); err != nil {
		return glovebox.Job{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return glovebox.Job{}, err
	}
	old, ok := s.jobs[job.ID]
	switch {
	case !ok || old.job.Tenant != job.Tenant:
		return glovebox.Job{}, notFound(job.ID)
	case old.job.Version != job.Version:
		return glovebox.Job{}, glovebox.Errorf(glovebox.KindStale, "job %s is at version %d, not %d",
			job.ID, old.job.Version, job.Version).Try("read it again")
	case old.job.Attempt > job.Attempt:
		return glovebox.Job{}, glovebox.Errorf(glovebox.KindStale, "job %s is at attempt %d, not %d",
			job.ID, old.job.Attempt, job.Attempt).Try("read it again")
	case !old.job.CreatedAt.Equal(job.CreatedAt):
		return glovebox.Job{}, glovebox.Errorf(glovebox.KindInvalid, "the time of creation of job %s cannot change",
			job.ID).On("createdAt")
	}
	s.jobs[job.ID] = entry{stored, body}
	s.append(events)
	return record.ParseJob(body)
}

// DeleteJob implements glovebox.Jobs.
func (s *Store) DeleteJob(ctx context.Context, tenant, id string, version int64, events ...glovebox.AuditEvent) error {
	events, err := record.Events(events)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	old, ok := s.jobs[id]
	switch {
	case !ok || tenant != glovebox.AnyTenant && tenant != old.job.Tenant:
		return notFound(id)
	case old.job.Version != version:
		return glovebox.Errorf(glovebox.KindStale, "job %s is at version %d, not %d", id, old.job.Version, version).
			Try("read it again")
	case old.job.Status != glovebox.StatusArchived:
		return glovebox.Errorf(glovebox.KindConflict, "job %s is not archived", id).Try("wait until it is")
	}
	delete(s.jobs, id)
	for name, used := range s.keys {
		if used.job == id {
			used.job = ""
			s.keys[name] = used
		}
	}
	s.append(events)
	return nil
}

func notFound(id string) error {
	return glovebox.Errorf(glovebox.KindNotFound, "no job %s", id)
}
