// Package apitest is an API without anything behind it: a Service that keeps
// jobs in memory and moves them only when a test says so. Tests of the client
// and of the CLI use it.
package apitest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"glovebox"
)

// Service is an api.Service whose jobs go where Update puts them.
type Service struct {
	Faults

	mu      sync.Mutex
	jobs    map[string]glovebox.Job
	order   []string // of creation
	keys    map[string]kept
	changed chan struct{} // closed at every change, then replaced
}

type kept struct{ fingerprint, id string }

// NewService returns a Service without jobs.
func NewService() *Service {
	return &Service{jobs: map[string]glovebox.Job{}, keys: map[string]kept{}, changed: make(chan struct{})}
}

// Submit implements api.Service.
func (s *Service) Submit(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, key *glovebox.IdempotencyKey) (glovebox.Job, bool, error) {
	return s.SubmitApproved(ctx, p, spec, key, nil)
}

// SubmitApproved implements api.Service. It takes any approvals for enough.
func (s *Service) SubmitApproved(_ context.Context, p glovebox.Principal, spec glovebox.Spec, key *glovebox.IdempotencyKey,
	approvals []glovebox.Approval,
) (glovebox.Job, bool, error) {
	if err := s.fail("Submit"); err != nil {
		return glovebox.Job{}, false, err
	}
	spec, err := spec.Complete()
	if err != nil {
		return glovebox.Job{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if key != nil {
		if k, ok := s.keys[p.Tenant+" "+key.Key]; ok {
			if k.fingerprint != key.Fingerprint {
				return glovebox.Job{}, false, glovebox.Errorf(glovebox.KindKeyReused, "this key was used for another job").On("Idempotency-Key")
			}
			return s.jobs[k.id], false, nil
		}
	}
	job := glovebox.Job{
		ID: glovebox.NewID("j"), Tenant: p.Tenant, Owner: p.Name, Version: 1, Spec: spec,
		Status: glovebox.StatusPending, CreatedAt: time.Now().UTC(), Approvals: approvals, Proof: p.Proof,
	}
	if key != nil {
		s.keys[p.Tenant+" "+key.Key] = kept{key.Fingerprint, job.ID}
	}
	s.jobs[job.ID] = job
	s.order = append(s.order, job.ID)
	s.wake()
	return job, true, nil
}

func (s *Service) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// ChangePolicy implements api.Service. It takes any approvals for enough.
func (s *Service) ChangePolicy(_ context.Context, p glovebox.Principal, id string, c glovebox.PolicyChange) (glovebox.Job, error) {
	if err := s.fail("ChangePolicy"); err != nil {
		return glovebox.Job{}, err
	}
	if _, _, err := s.get(p, id); err != nil {
		return glovebox.Job{}, err
	}
	next, err := c.Policy.CompleteJob()
	if err != nil {
		return glovebox.Job{}, err
	}
	return s.Update(id, func(j *glovebox.Job) { j.Policy, j.PolicyRevision = next, j.PolicyRevision+1 }), nil
}

// Update changes a job as an orchestrator would. It panics if there is none.
func (s *Service) Update(id string, change func(*glovebox.Job)) glovebox.Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	job, ok := s.jobs[id]
	if !ok {
		panic("apitest: no job " + id)
	}
	change(&job)
	job.Version++
	s.jobs[id] = job
	s.wake()
	return job
}

// Add keeps a job as it is, such as one of another tenant.
func (s *Service) Add(job glovebox.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[job.ID] = job
	s.order = append(s.order, job.ID)
	s.wake()
}

// Job implements api.Service.
func (s *Service) Job(_ context.Context, p glovebox.Principal, id string) (glovebox.Job, error) {
	if err := s.fail("Job"); err != nil {
		return glovebox.Job{}, err
	}
	job, _, err := s.get(p, id)
	return job, err
}

func (s *Service) get(p glovebox.Principal, id string) (glovebox.Job, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	job, ok := s.jobs[id]
	if !ok || job.Tenant != p.Tenant {
		return glovebox.Job{}, nil, glovebox.Errorf(glovebox.KindNotFound, "there is no job %s", id)
	}
	return job, s.changed, nil
}

// List implements api.Service. The cursor is the position in order of creation.
func (s *Service) List(_ context.Context, p glovebox.Principal, f glovebox.JobFilter) (glovebox.JobPage, error) {
	if err := s.fail("List"); err != nil {
		return glovebox.JobPage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	from := len(s.order)
	if f.Cursor != "" {
		n, err := strconv.Atoi(f.Cursor)
		if err != nil || n < 0 || n > from {
			return glovebox.JobPage{}, glovebox.Errorf(glovebox.KindInvalid, "not a cursor of ours").On("cursor")
		}
		from = n
	}
	var page glovebox.JobPage
	for i := from - 1; i >= 0; i-- {
		job := s.jobs[s.order[i]]
		if job.Tenant != p.Tenant || !matches(job, f) {
			continue
		}
		page.Jobs = append(page.Jobs, job)
		if len(page.Jobs) == f.Limit && i > 0 {
			page.Next = strconv.Itoa(i)
			break
		}
	}
	return page, nil
}

func matches(j glovebox.Job, f glovebox.JobFilter) bool {
	if len(f.Statuses) > 0 && !slices.Contains(f.Statuses, j.Status) {
		return false
	}
	if len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, j.Outcome) {
		return false
	}
	for k, v := range f.Labels {
		if j.Spec.Labels[k] != v {
			return false
		}
	}
	return (f.Since.IsZero() || !j.CreatedAt.Before(f.Since)) && (f.Until.IsZero() || j.CreatedAt.Before(f.Until))
}

// Cancel implements api.Service.
func (s *Service) Cancel(_ context.Context, p glovebox.Principal, id string) (glovebox.Job, error) {
	if err := s.fail("Cancel"); err != nil {
		return glovebox.Job{}, err
	}
	job, _, err := s.get(p, id)
	if err != nil || job.Status.Ended() || job.Cancel != nil {
		return job, err
	}
	return s.Update(id, func(j *glovebox.Job) { j.Cancel = &glovebox.Cancel{By: p.Name, At: time.Now().UTC()} }), nil
}

// Delete implements api.Service.
func (s *Service) Delete(_ context.Context, p glovebox.Principal, id string, version int64) error {
	if err := s.fail("Delete"); err != nil {
		return err
	}
	job, _, err := s.get(p, id)
	switch {
	case err != nil:
		return err
	case job.Version != version:
		return glovebox.Errorf(glovebox.KindStale, "the job has changed").On("If-Match")
	case job.Status != glovebox.StatusArchived:
		return glovebox.Errorf(glovebox.KindConflict, "the job is %s", job.Status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
	s.wake()
	return nil
}

// Watch implements api.Service.
func (s *Service) Watch(ctx context.Context, p glovebox.Principal, id string, after int64) (glovebox.Job, error) {
	if err := s.fail("Watch"); err != nil {
		return glovebox.Job{}, err
	}
	for {
		job, changed, err := s.get(p, id)
		if err != nil || job.Version > after {
			return job, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return glovebox.Job{}, ctx.Err()
		}
	}
}

// Usage implements api.Service: it counts jobs.
func (s *Service) Usage(_ context.Context, tenant string) (glovebox.TenantUsage, error) {
	if err := s.fail("Usage"); err != nil {
		return glovebox.TenantUsage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var u glovebox.TenantUsage
	for _, j := range s.jobs {
		switch {
		case j.Tenant != tenant || j.Status.Ended():
		case j.Attempt == 0:
			u.QueuedJobs++
		default:
			u.ConcurrentJobs++
		}
	}
	return u, nil
}
