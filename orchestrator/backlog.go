package orchestrator

import (
	"sync"

	"glovebox"
)

// backlog counts the jobs that wait for room or for their image, by tenant. As
// the fleet, it is a view of what is stored.
type backlog struct {
	mu      sync.Mutex
	tenants map[string]int
	jobs    map[string]string // tenant by job
}

func newBacklog() *backlog { return &backlog{tenants: map[string]int{}, jobs: map[string]string{}} }

// add counts a new job, unless that would be one too many for its tenant or for
// all of them together.
func (b *backlog) add(job glovebox.Job, tenants, all int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refusal(job.Tenant, tenants, all); err != nil {
		return err
	}
	b.count(job)
	return nil
}

// full says why a tenant's next job could not wait.
func (b *backlog) full(tenant string, tenants, all int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusal(tenant, tenants, all)
}

// refusal is full; b.mu is held.
func (b *backlog) refusal(tenant string, tenants, all int) error {
	if n := b.tenants[tenant]; n >= tenants {
		return glovebox.Errorf(glovebox.KindTooMany, "%d jobs of the tenant are waiting, and its quota is %d", n, tenants).
			On("quota.queuedJobs").Try("try again when some have started, or ask for a larger quota")
	}
	if len(b.jobs) >= all {
		return glovebox.Errorf(glovebox.KindTooMany, "%d jobs are waiting already", all).Try("try again later")
	}
	return nil
}

// note counts a stored job if it waits, and no more if it does not.
func (b *backlog) note(job glovebox.Job) {
	if job.Status != glovebox.StatusPending {
		b.drop(job.ID)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(job)
}

// count is for a job that waits; b.mu is held.
func (b *backlog) count(job glovebox.Job) {
	if _, ok := b.jobs[job.ID]; !ok {
		b.jobs[job.ID] = job.Tenant
		b.tenants[job.Tenant]++
	}
}

// drop counts a job no more.
func (b *backlog) drop(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tenant, ok := b.jobs[id]
	if !ok {
		return
	}
	delete(b.jobs, id)
	if b.tenants[tenant]--; b.tenants[tenant] == 0 {
		delete(b.tenants, tenant)
	}
}

func (b *backlog) of(tenant string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tenants[tenant]
}
