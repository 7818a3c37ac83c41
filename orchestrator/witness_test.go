package orchestrator_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"glovebox"
)

// witness is the store beneath everything else of a test. It sees every write
// that takes effect, whoever makes it and whatever is said about it above, and
// checks what must hold from one version of a job to the next.
type witness struct {
	glovebox.Store
	t testing.TB

	mu        sync.Mutex
	last      map[string]glovebox.Job
	writes    map[string][]write // by job
	committed int
	always    func(map[string]glovebox.Job) error // what must hold of all jobs after each write
}

type write struct {
	status     glovebox.Status
	durability glovebox.Durability
}

func (w *witness) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey, events ...glovebox.AuditEvent) (glovebox.Job, bool, error) {
	stored, fresh, err := w.Store.CreateJob(ctx, job, key, events...)
	if err == nil && fresh {
		w.saw(stored, glovebox.Durable)
	}
	return stored, fresh, err
}

func (w *witness) UpdateJob(ctx context.Context, job glovebox.Job, d glovebox.Durability, events ...glovebox.AuditEvent) (glovebox.Job, error) {
	stored, err := w.Store.UpdateJob(ctx, job, d, events...)
	if err == nil {
		w.saw(stored, d)
	}
	return stored, err
}

// Commit counts: jobs need none of their own.
func (w *witness) Commit(ctx context.Context, writes []glovebox.Write, events ...glovebox.AuditEvent) error {
	w.mu.Lock()
	w.committed++
	w.mu.Unlock()
	return w.Store.Commit(ctx, writes, events...)
}

func (w *witness) commits() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.committed
}

func (w *witness) saw(is glovebox.Job, d glovebox.Durability) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was, known := w.last[is.ID]
	w.last[is.ID] = is
	w.writes[is.ID] = append(w.writes[is.ID], write{is.Status, d})
	if w.always != nil {
		if err := w.always(w.last); err != nil {
			w.t.Error(err)
		}
	}
	if !known {
		return
	}
	order := glovebox.Statuses()
	again := len(is.Causes) > len(was.Causes)
	switch {
	case was.Status.Ended() && (is.Outcome != was.Outcome || !is.EndedAt.Equal(was.EndedAt)):
		w.t.Errorf("%s ended twice: %s, then %s", is.ID, was.Outcome, is.Outcome)
	case slices.Index(order, is.Status) < slices.Index(order, was.Status) && !again:
		w.t.Errorf("%s went from %s back to %s", is.ID, was.Status, is.Status)
	case is.Attempt > is.Spec.Attempts || is.Attempt < was.Attempt || is.Attempt > was.Attempt && !glovebox.AllGone(was.Ledger) ||
		is.Attempt == was.Attempt && was.Status != glovebox.StatusPending && !again && !is.PlacedAt.Equal(was.PlacedAt):
		w.t.Errorf("%s was placed more than it may: attempt %d of %d", is.ID, is.Attempt, is.Spec.Attempts)
	case is.Status == glovebox.StatusArchived && (!is.Output.Sealed || !glovebox.AllGone(is.Ledger) || is.Receipt == nil):
		w.t.Errorf("%s was archived with %+v left", is.ID, is.Ledger)
	}
	if is.Status.Ended() && !was.Status.Ended() && d != glovebox.Durable {
		w.t.Errorf("the end of %s was written lazily", is.ID)
	}
}

// job is the job as it is stored.
func (w *witness) job(id string) glovebox.Job {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last[id]
}

// jobs are all jobs that were ever stored.
func (w *witness) jobs() []glovebox.Job {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []glovebox.Job
	for _, j := range w.last {
		all = append(all, j)
	}
	return all
}

// durable lists the statuses of a job's durable writes.
func (w *witness) durable(id string) []glovebox.Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []glovebox.Status
	for _, x := range w.writes[id] {
		if x.durability == glovebox.Durable {
			all = append(all, x.status)
		}
	}
	return all
}
