package orchestrator

import (
	"context"
	"slices"
	"time"

	"glovebox"
	"glovebox/engine"
)

// retryAfter is how long a job rests after something it needed has failed.
const retryAfter = 500 * time.Millisecond

func (o *Orchestrator) worker(ctx context.Context) {
	for {
		id, ok := o.queue.next()
		if !ok {
			return
		}
		if err := o.drive(ctx, id); err != nil && ctx.Err() == nil {
			o.Log.Warn("a job is tried again", "job", id, "err", err)
			o.queue.addLater(id, retryAfter)
		}
		o.queue.done(id)
	}
}

// drive takes a job as far as it goes now: what was reported, then what it
// needs, until nothing changes any more.
func (o *Orchestrator) drive(ctx context.Context, id string) error {
	events := o.take(id)
	job, err := o.Store.Job(ctx, glovebox.AnyTenant, id)
	if err != nil {
		o.putBack(id, events)
		if glovebox.KindOf(err) == glovebox.KindNotFound {
			return nil
		}
		return err
	}
	for {
		if job, err = o.apply(ctx, job, events); err != nil {
			o.putBack(id, events)
			return err
		}
		events = nil
		for _, action := range engine.Todo(job) {
			evs, err := o.act(ctx, job, action)
			events = append(events, evs...)
			if err != nil {
				_, _ = o.apply(ctx, job, events) // keep what did succeed
				return err
			}
		}
		if len(events) == 0 {
			return nil
		}
		before := job.Version
		if job, err = o.apply(ctx, job, events); err != nil || job.Version == before {
			return err
		}
		events = nil
	}
}

// apply steps a job through events and stores the outcome in one write. Events
// that the engine refuses are logged and dropped. If somebody else changed the
// job meanwhile, it is read again and the events are tried on that.
func (o *Orchestrator) apply(ctx context.Context, job glovebox.Job, events []engine.Event) (glovebox.Job, error) {
	for len(events) > 0 {
		next, durability := o.steps(job, events)
		if next.Version < 0 {
			return job, nil // nothing changed
		}
		stored, err := o.Store.UpdateJob(ctx, next, durability)
		switch glovebox.KindOf(err) {
		case "":
			o.changed(job, stored)
			return stored, nil
		case glovebox.KindStale:
			if job, err = o.Store.Job(ctx, glovebox.AnyTenant, job.ID); err != nil {
				return job, err
			}
		default:
			return job, err
		}
	}
	return job, nil
}

// steps returns the job after all events, with Version -1 if none changed it.
func (o *Orchestrator) steps(job glovebox.Job, events []engine.Event) (glovebox.Job, glovebox.Durability) {
	now, durability, moved := o.Now(), glovebox.Lazy, false
	for _, ev := range events {
		next, changed, err := engine.Step(job, ev, now)
		if err != nil {
			o.Log.Warn("an event was refused", "job", job.ID, "event", ev.Name(), "err", err)
			continue
		}
		if changed && durable(ev) {
			durability = glovebox.Durable
		}
		job, moved = next, moved || changed
	}
	if !moved {
		job.Version = -1
		return job, durability
	}
	job.Lease = glovebox.Lease{Holder: o.Holder, Until: now.Add(leaseTime)}
	return job, durability
}

// durable says whether an event must not be forgotten: everything else is
// found out again by asking the provider or the logs once more.
func durable(ev engine.Event) bool {
	switch ev.(type) {
	case engine.Placed, engine.Exited, engine.Failed, engine.CancelAsked:
		return true
	}
	return false
}

// changed tells those who wait for the job, or for its room.
func (o *Orchestrator) changed(was, is glovebox.Job) {
	o.watchers.notify(is.ID)
	if is.Status.Ended() && glovebox.AllGone(is.Ledger) && !(was.Status.Ended() && glovebox.AllGone(was.Ledger)) {
		o.kick(o.fleet.release(is.ID))
	}
	if was.Status == glovebox.StatusPending && is.Status == glovebox.StatusProvisioning {
		o.kick(o.fleet.head())
	}
}

func (o *Orchestrator) kick(ids []string) {
	for _, id := range ids {
		o.queue.add(id)
	}
}

// take empties a job's inbox.
func (o *Orchestrator) take(id string) []engine.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	events := o.inbox[id]
	delete(o.inbox, id)
	return events
}

// putBack returns events that could not be stored, before any newer ones.
func (o *Orchestrator) putBack(id string, events []engine.Event) {
	if len(events) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inbox[id] = slices.Concat(events, o.inbox[id])
}

// tell puts an event into a job's inbox and wakes a worker.
func (o *Orchestrator) tell(id string, ev engine.Event) {
	o.mu.Lock()
	o.inbox[id] = append(o.inbox[id], ev)
	o.mu.Unlock()
	o.queue.add(id)
}
