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
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		o.forget(id) // room was taken for a job that was never stored
		return nil
	}
	if err != nil {
		o.putBack(id, events)
		return err
	}
	o.noticed(job)
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
		stored, err := o.Store.UpdateJob(ctx, next, durability, told(job, next, o.Now())...)
		switch glovebox.KindOf(err) {
		case "":
			o.watchers.notify(stored.ID)
			o.noticed(stored)
			return stored, nil
		case glovebox.KindStale:
			if job, err = o.Store.Job(ctx, glovebox.AnyTenant, job.ID); err != nil {
				return job, err
			}
			o.noticed(job)
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
		if changed && durable(ev, job, next) {
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

// durable says whether a step must not be forgotten: that a node may have
// begun, that somebody asked for the end, what the watch found, how it ended, once
// that could be seen, and that another attempt is to follow. Everything else is found out again by asking the provider or the logs.
func durable(ev engine.Event, was, is glovebox.Job) bool {
	switch ev.(type) {
	case engine.Placed, engine.CancelAsked, engine.Found:
		return true
	}
	return is.Status.Ended() && !was.Status.Ended() || len(is.Causes) > len(was.Causes)
}

// noticed brings the fleet in line with a job as it is stored. It looks at
// what the job is and not at what has just changed, because the write that
// changed it may have been another process's, or one whose reply was lost.
func (o *Orchestrator) noticed(job glovebox.Job) {
	o.backlog.note(job)
	switch {
	case job.Status.Ended() && !holds(job):
		o.kick(o.fleet.release(job.ID))
	case job.Status != glovebox.StatusPending || engine.Clearing(job):
		o.kick(o.fleet.adopt(job))
	case job.Attempt > 0:
		o.kick(o.fleet.vacate(job))
	}
}

// forget gives back whatever was kept for a job that is none.
func (o *Orchestrator) forget(id string) {
	o.backlog.drop(id)
	o.kick(o.fleet.release(id))
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

// putBack returns events that could not be stored, before any newer ones. A
// Tick need not be kept: as long as the job is due, others come.
func (o *Orchestrator) putBack(id string, events []engine.Event) {
	events = slices.DeleteFunc(events, isTick)
	if len(events) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inbox[id] = slices.Concat(events, o.inbox[id])
}

// tell puts an event into a job's inbox and wakes a worker. One Tick says as
// much as many, and many come while the store cannot be written.
func (o *Orchestrator) tell(id string, ev engine.Event) {
	o.mu.Lock()
	if _, tick := ev.(engine.Tick); !tick || !slices.ContainsFunc(o.inbox[id], isTick) {
		o.inbox[id] = append(o.inbox[id], ev)
	}
	o.mu.Unlock()
	o.queue.add(id)
}

func isTick(ev engine.Event) bool { _, ok := ev.(engine.Tick); return ok }
