package campaign

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"glovebox"
)

// witness is the store beneath everything else. It sees every write that takes
// effect, whoever makes it and whatever is said about it above, and checks what
// must hold from one version of a job to the next.
type witness struct {
	glovebox.Store
	mu    sync.Mutex
	last  map[string]glovebox.Job
	order []string // ids, as they came
	moves map[string][]glovebox.Status
	wrong []string
	holds func(sandbox string) string // names the node that has it; "" = none
	taken bool                        // leases may be taken over before they end: somebody died, or was asked
}

func newWitness(s glovebox.Store) *witness {
	return &witness{Store: s, last: map[string]glovebox.Job{}, moves: map[string][]glovebox.Status{}}
}

func (w *witness) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey, events ...glovebox.AuditEvent) (glovebox.Job, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stored, fresh, err := w.Store.CreateJob(ctx, job, key, events...)
	if err == nil && fresh {
		w.last[stored.ID] = stored
		w.order = append(w.order, stored.ID)
		w.moves[stored.ID] = []glovebox.Status{stored.Status}
		w.told(stored, events, "job.submit", true)
	}
	return stored, fresh, err
}

func (w *witness) UpdateJob(ctx context.Context, job glovebox.Job, d glovebox.Durability, events ...glovebox.AuditEvent) (glovebox.Job, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stored, err := w.Store.UpdateJob(ctx, job, d, events...)
	if err != nil {
		return stored, err
	}
	was := w.last[stored.ID]
	w.last[stored.ID] = stored
	if was.Status != stored.Status {
		w.moves[stored.ID] = append(w.moves[stored.ID], stored.Status)
	}
	w.moved(was, stored)
	w.over(was, stored, events)
	w.told(stored, events, "job.cancel", was.Cancel == nil && stored.Cancel != nil)
	w.told(stored, events, "job.end", !was.Status.Ended() && stored.Status.Ended())
	if stored.Status.Ended() && !was.Status.Ended() && d != glovebox.Durable && len(events) == 0 {
		w.errorf("the end of %s was not made durable", stored.ID)
	}
	return stored, err
}

// moved checks one step of a job's life.
func (w *witness) moved(was, is glovebox.Job) {
	order := glovebox.Statuses()
	again := is.Attempt > was.Attempt || is.Status == glovebox.StatusPending // another attempt begins from the beginning
	switch {
	case was.Status.Ended() && (is.Outcome != was.Outcome || is.Reason != was.Reason || !is.EndedAt.Equal(was.EndedAt)):
		w.errorf("%s ended twice: as %s %s, then as %s %s", is.ID, was.Outcome, was.Reason, is.Outcome, is.Reason)
	case was.Status.Ended() && !is.Status.Ended():
		w.errorf("%s had ended as %s, and is %s again", is.ID, was.Outcome, is.Status)
	case slices.Index(order, is.Status) < slices.Index(order, was.Status) && !again && !was.Status.Ended():
		w.errorf("%s went from %s back to %s", is.ID, was.Status, is.Status)
	case is.Attempt < was.Attempt || is.Attempt > was.Attempt+1:
		w.errorf("%s went from attempt %d to %d", is.ID, was.Attempt, is.Attempt)
	case is.Attempt == was.Attempt && was.Attempt > 0 && !is.PlacedAt.Equal(was.PlacedAt) && !again:
		w.errorf("%s was placed twice in attempt %d", is.ID, is.Attempt)
	case is.Status == glovebox.StatusArchived && !is.Output.Sealed:
		w.errorf("%s was archived before its output was final", is.ID)
	case is.Status == glovebox.StatusArchived && !glovebox.AllGone(is.Ledger):
		w.errorf("%s was archived with something left: %+v", is.ID, is.Ledger)
	case is.Status != glovebox.StatusArchived && is.Due.IsZero():
		w.errorf("%s is %s and nobody will look at it again", is.ID, is.Status)
	case is.Version != was.Version+1:
		w.errorf("%s went from version %d to %d", is.ID, was.Version, is.Version)
	}
}

// over checks what a job leaves behind, and that nobody drove it who had no
// lease.
func (w *witness) over(was, is glovebox.Job, events []glovebox.AuditEvent) {
	if is.Status == glovebox.StatusArchived && w.holds != nil {
		for attempt := range is.Attempt {
			if on := w.holds(glovebox.SandboxID(is.ID, attempt+1)); on != "" {
				w.errorf("%s was archived while %s has its sandbox", is.ID, on)
			}
		}
	}
	if !w.taken && was.Lease.Holder != is.Lease.Holder && len(events) == 0 {
		w.errorf("%s was driven by %s while %s was there, and had the lease until %s, which is %s from now", is.ID,
			is.Lease.Holder, was.Lease.Holder, was.Lease.Until, time.Until(was.Lease.Until))
	}
}

// started checks that somebody is answerable for a sandbox whose command was
// started: a job of that attempt, with the sandbox in its ledger, and no other
// sandbox of the job anywhere.
func (w *witness) started(sandbox string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, j := range w.last {
		for _, r := range j.Ledger {
			if r.Name != sandbox || r.State == glovebox.ResourceGone || j.Status == glovebox.StatusArchived {
				continue
			}
			for attempt := 1; attempt < r.Attempt; attempt++ {
				if on := w.holds(glovebox.SandboxID(j.ID, attempt)); on != "" {
					w.errorf("%s was started while attempt %d of the job is on %s", sandbox, attempt, on)
				}
			}
			return
		}
	}
	w.errorf("sandbox %s was started, and no job that is not archived accounts for it", sandbox)
}

// told checks that a write has exactly one event of an action if something of
// that kind happened in it, and else none.
func (w *witness) told(job glovebox.Job, events []glovebox.AuditEvent, action string, happened bool) {
	n := 0
	for _, e := range events {
		if e.Action == action && e.Target == job.ID && e.Tenant == job.Tenant {
			n++
		}
	}
	if want := map[bool]int{true: 1}[happened]; n != want {
		w.errorf("%d events %s were written with version %d of %s, not %d", n, action, job.Version, job.ID, want)
	}
}

func (w *witness) errorf(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// jobs are all jobs that were ever stored, as they came.
func (w *witness) jobs() []glovebox.Job {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []glovebox.Job
	for _, id := range w.order {
		all = append(all, w.last[id])
	}
	return all
}

// seen is what was wrong on the way.
func (w *witness) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.wrong)
}

// path are the statuses that a job went through.
func (w *witness) path(id string) []glovebox.Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.moves[id])
}
