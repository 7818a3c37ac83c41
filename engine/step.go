package engine

import (
	"reflect"
	"slices"
	"time"

	"glovebox"
)

// Step returns the job after ev happened at now, and whether it differs from
// before. The error, of KindConflict or KindStale, means that the event cannot
// belong to this job; the job is then returned as it was.
func Step(job glovebox.Job, ev Event, now time.Time) (glovebox.Job, bool, error) {
	switch VerdictOf(job.Status, ev.Name()) {
	case Ignore:
		return job, false, nil
	case Refuse:
		return job, false, glovebox.Errorf(glovebox.KindConflict, "event %s cannot happen to a job that is %s", ev.Name(), job.Status)
	}
	next := job
	next.Ledger = slices.Clone(job.Ledger) // a step never changes its input
	if err := apply(&next, ev, now); err != nil {
		return job, false, err
	}
	settle(&next, now)
	if reflect.DeepEqual(job, next) {
		return job, false, nil
	}
	return next, true, nil
}

func apply(j *glovebox.Job, ev Event, now time.Time) error {
	switch ev := ev.(type) {
	case Resolved:
		j.Image, j.Command = ev.Image, ev.Command
	case Failed:
		return failed(j, ev, now)
	case Placed:
		return placed(j, ev, now)
	case Observed:
		observed(j, ev.Resource, now)
	case Started:
		return started(j, ev, now)
	case Exited:
		return exited(j, ev, now)
	case CancelAsked:
		cancelAsked(j, ev, now)
	case Sealed:
		j.Output.Sealed = true
		j.Output.Truncated = j.Output.Truncated || ev.Stdout < j.Output.Stdout || ev.Stderr < j.Output.Stderr
		j.Output.Stdout, j.Output.Stderr, j.Output.Events = ev.Stdout, ev.Stderr, ev.Events
	case Abandoned:
		lost(j, "the service was stopped while the job ran", now)
	case Tick:
		expire(j, now)
	}
	return nil
}

func placed(j *glovebox.Job, ev Placed, now time.Time) error {
	if j.Image.Digest == "" {
		return glovebox.Errorf(glovebox.KindConflict, "a job cannot be placed before its image is resolved")
	}
	j.Attempt++
	j.Node, j.PlacedAt, j.Status = ev.Node, now, glovebox.StatusProvisioning
	for _, r := range ev.Ledger {
		r.Attempt, r.State = j.Attempt, glovebox.ResourceIntent
		j.Ledger = append(j.Ledger, r)
	}
	return nil
}

// observed moves one line of the ledger forward; it never goes back. What an
// attempt stands on and is gone before its end takes the attempt with it.
func observed(j *glovebox.Job, seen glovebox.Resource, now time.Time) {
	for i, r := range j.Ledger {
		if r.Kind == seen.Kind && r.Name == seen.Name && r.Attempt == seen.Attempt && rank(seen.State) > rank(r.State) {
			j.Ledger[i].State = seen.State
			if seen.State == glovebox.ResourceGone && seen.Attempt == j.Attempt && !j.Status.Ended() {
				lost(j, "the sandbox was gone before the job had ended", now)
			}
		}
	}
}

func rank(s glovebox.ResourceState) int {
	return slices.Index([]glovebox.ResourceState{glovebox.ResourceIntent, glovebox.ResourceObserved,
		glovebox.ResourceDeleting, glovebox.ResourceGone}, s)
}

// started believes a node's clock only within what is possible.
func started(j *glovebox.Job, ev Started, now time.Time) error {
	if err := fence(j, ev.Attempt); err != nil {
		return err
	}
	j.Status, j.StartedAt = glovebox.StatusRunning, ev.At
	if ev.At.After(now) {
		j.StartedAt = now
	} else if ev.At.Before(j.PlacedAt) {
		j.StartedAt = j.PlacedAt
	}
	return nil
}

func failed(j *glovebox.Job, ev Failed, now time.Time) error {
	if err := fence(j, ev.Attempt); err != nil {
		return err
	}
	end(j, glovebox.StatusFailed, ev.Fault, now)
	return nil
}

func exited(j *glovebox.Job, ev Exited, now time.Time) error {
	if err := fence(j, ev.Attempt); err != nil {
		return err
	}
	j.Result = ev.Result
	j.Output.Stdout, j.Output.Stderr, j.Output.Events, j.Output.Truncated = ev.Stdout, ev.Stderr, ev.Events, ev.Truncated
	switch {
	case j.Cancel != nil:
		end(j, glovebox.StatusCancelled, nil, now)
	case ev.Fault != nil || ev.Result == nil:
		end(j, glovebox.StatusFailed, ev.Fault, now)
	default:
		end(j, glovebox.StatusCompleted, nil, now)
	}
	return nil
}

func cancelAsked(j *glovebox.Job, ev CancelAsked, now time.Time) {
	if j.Cancel == nil {
		j.Cancel = &glovebox.Cancel{By: ev.By, At: now}
	}
	if j.Status == glovebox.StatusPending {
		end(j, glovebox.StatusCancelled, nil, now)
	}
}

// fence refuses what an older attempt says, and a newer one that nobody placed.
func fence(j *glovebox.Job, attempt int) error {
	if attempt != j.Attempt {
		return glovebox.Errorf(glovebox.KindStale, "attempt %d of job %s is not attempt %d", attempt, j.ID, j.Attempt)
	}
	return nil
}

func end(j *glovebox.Job, outcome glovebox.Status, fault *glovebox.Error, now time.Time) {
	j.Status, j.Outcome, j.EndedAt = outcome, outcome, now
	if outcome != glovebox.StatusFailed {
		return
	}
	if fault == nil {
		fault = glovebox.Errorf(glovebox.KindInternal, "the node reported an end without a cause")
	}
	j.Fault, j.Reason = fault, fault.Kind.Info().Reason
	if j.Reason == "" {
		j.Reason = glovebox.ReasonInternal
	}
}
