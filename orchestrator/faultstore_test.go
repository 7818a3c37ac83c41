package orchestrator_test

import (
	"context"
	"sync"
	"time"

	"glovebox"
)

// fate is what becomes of one call of a store.
type fate int

const (
	works fate = iota
	fails      // before anything was done
	loses      // the reply, after it was done
)

// faultStore makes calls of a store fail. decide is asked for each call, with
// its number from 0; it holds no lock.
type faultStore struct {
	glovebox.Store
	mu     sync.Mutex
	calls  int
	decide func(call int, name string) fate
}

// withFaults puts a faultStore under the orchestrators that are started next.
func (r *rig) withFaults() *faultStore {
	f := &faultStore{Store: r.store, decide: func(int, string) fate { return works }}
	r.config.Store = f
	return f
}

func (f *faultStore) set(decide func(call int, name string) fate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decide = decide
}

// loseNext loses the reply of the next call of that name.
func (f *faultStore) loseNext(name string) { f.setNext(name, loses) }

// failNext makes the next call of that name fail.
func (f *faultStore) failNext(name string) { f.setNext(name, fails) }

func (f *faultStore) setNext(name string, x fate) {
	var once sync.Once
	f.set(func(_ int, call string) (now fate) {
		if call == name {
			once.Do(func() { now = x })
		}
		return now
	})
}

func (f *faultStore) next(name string) fate {
	f.mu.Lock()
	decide, call := f.decide, f.calls
	f.calls++
	f.mu.Unlock()
	return decide(call, name)
}

func (f *faultStore) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func through[T any](f *faultStore, name string, call func() (T, error)) (T, error) {
	var zero T
	x := f.next(name)
	if x == fails {
		return zero, glovebox.Errorf(glovebox.KindUnavailable, "%s: the store is away", name)
	}
	v, err := call()
	if err == nil && x == loses {
		return zero, glovebox.Errorf(glovebox.KindUnavailable, "%s: the reply is lost", name)
	}
	return v, err
}

func (f *faultStore) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey, events ...glovebox.AuditEvent) (glovebox.Job, bool, error) {
	fresh := false
	stored, err := through(f, "CreateJob", func() (stored glovebox.Job, err error) {
		stored, fresh, err = f.Store.CreateJob(ctx, job, key, events...)
		return stored, err
	})
	return stored, fresh && err == nil, err
}

func (f *faultStore) Job(ctx context.Context, tenant, id string) (glovebox.Job, error) {
	return through(f, "Job", func() (glovebox.Job, error) { return f.Store.Job(ctx, tenant, id) })
}

func (f *faultStore) UpdateJob(ctx context.Context, job glovebox.Job, d glovebox.Durability, events ...glovebox.AuditEvent) (glovebox.Job, error) {
	return through(f, "UpdateJob", func() (glovebox.Job, error) { return f.Store.UpdateJob(ctx, job, d, events...) })
}

func (f *faultStore) ListJobs(ctx context.Context, filter glovebox.JobFilter) (glovebox.JobPage, error) {
	return through(f, "ListJobs", func() (glovebox.JobPage, error) { return f.Store.ListJobs(ctx, filter) })
}

func (f *faultStore) KeptOutput(ctx context.Context, tenant string) (int64, error) {
	return through(f, "KeptOutput", func() (int64, error) { return f.Store.KeptOutput(ctx, tenant) })
}

func (f *faultStore) Commit(ctx context.Context, writes []glovebox.Write, events ...glovebox.AuditEvent) error {
	_, err := through(f, "Commit", func() (struct{}, error) { return struct{}{}, f.Store.Commit(ctx, writes, events...) })
	return err
}

func (f *faultStore) DueJobs(ctx context.Context, now time.Time, limit int) ([]glovebox.Job, error) {
	return through(f, "DueJobs", func() ([]glovebox.Job, error) { return f.Store.DueJobs(ctx, now, limit) })
}
