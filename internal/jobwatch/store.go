package jobwatch

import (
	"context"

	"glovebox"
)

// Store returns next with every write of a job told to the observers.
func (w *Watcher) Store(next glovebox.Store) glovebox.Store { return &store{next, w} }

// store changes nothing but the writes of jobs, so everything else is next's.
type store struct {
	glovebox.Store
	w *Watcher
}

// CreateJob implements glovebox.Store.
func (s *store) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey, events ...glovebox.AuditEvent) (glovebox.Job, bool, error) {
	stored, fresh, err := s.Store.CreateJob(ctx, job, key, events...)
	if err == nil && fresh {
		s.w.moved(ctx, 0, stored)
	}
	return stored, fresh, err
}

// UpdateJob implements glovebox.Store. A job that another process made, or an
// earlier one, is read first: once, for afterwards it is known.
func (s *store) UpdateJob(ctx context.Context, job glovebox.Job, d glovebox.Durability, events ...glovebox.AuditEvent) (glovebox.Job, error) {
	if !s.w.known(job.ID, job.Version) {
		if was, err := s.Store.Job(ctx, glovebox.AnyTenant, job.ID); err == nil && was.Version == job.Version {
			s.w.learn(was)
		}
	}
	stored, err := s.Store.UpdateJob(ctx, job, d, events...)
	if err == nil {
		s.w.moved(ctx, job.Version, stored)
	}
	return stored, err
}
