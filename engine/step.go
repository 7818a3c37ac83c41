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
		j.Artifacts = kept(j.Artifacts, ev.Artifacts)
	case Receipted:
		return receipted(j, ev)
	case Abandoned:
		abandoned(j, now)
	case Tick:
		expire(j, now)
	case Found:
		return found(j, ev)
	}
	return nil
}

func placed(j *glovebox.Job, ev Placed, now time.Time) error {
	if j.Image.Digest == "" {
		return glovebox.Errorf(glovebox.KindConflict, "a job cannot be placed before its image is resolved")
	}
	if Clearing(*j) || j.Attempt >= attempts(j) {
		return glovebox.Errorf(glovebox.KindConflict, "attempt %d of job %s is not to be followed by another now", j.Attempt, j.ID)
	}
	j.Attempt++
	j.Node, j.Host, j.PlacedAt, j.Status = ev.Node, nil, now, glovebox.StatusProvisioning
	j.Artifacts = nil // of an attempt before
	for _, r := range ev.Ledger {
		r.Attempt, r.State, r.At = j.Attempt, glovebox.ResourceIntent, now
		j.Ledger = append(j.Ledger, r)
	}
	return nil
}

// observed moves one line of the ledger forward; it never goes back. What an
// attempt stands on and is gone before its end takes the attempt with it.
func observed(j *glovebox.Job, seen glovebox.Resource, now time.Time) {
	for i, r := range j.Ledger {
		if r.Kind == seen.Kind && r.Name == seen.Name && r.Attempt == seen.Attempt && rank(seen.State) > rank(r.State) {
			j.Ledger[i].State, j.Ledger[i].At = seen.State, now
			if seen.State == glovebox.ResourceGone && seen.Attempt == j.Attempt && j.Status != glovebox.StatusPending && !j.Status.Ended() {
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
	said(j, ev.Host)
	if ev.At.After(now) {
		j.StartedAt = now
	} else if ev.At.Before(j.PlacedAt) {
		j.StartedAt = j.PlacedAt
	}
	return nil
}

// said keeps what a node says of itself. What it said last counts.
func said(j *glovebox.Job, host *glovebox.Host) {
	if host != nil {
		j.Host = host
	}
}

// kept is what there is of artifacts, of which the node told, after all of them
// that will come has come.
func kept(told, came *glovebox.Artifacts) *glovebox.Artifacts {
	if told == nil && came == nil {
		return nil
	}
	var all glovebox.Artifacts
	if came != nil {
		all = *came
	}
	if told != nil {
		all.LeftOut = told.LeftOut
		all.Truncated = told.Truncated || all.Bytes+all.IndexBytes < told.Bytes+told.IndexBytes
	}
	return &all
}

// receipted takes a receipt for what is over only: what a statement is made of
// must not change any more.
func receipted(j *glovebox.Job, ev Receipted) error {
	if !j.Output.Sealed || !glovebox.AllGone(j.Ledger) {
		return glovebox.Errorf(glovebox.KindConflict, "a receipt before all is over")
	}
	j.Receipt = &ev.Ref
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
	if ev.Result != nil && j.Status == glovebox.StatusProvisioning { // that it started is told late, or was lost
		j.StartedAt = j.PlacedAt
		if at := now.Add(-time.Duration(ev.Result.Duration)); at.After(j.PlacedAt) {
			j.StartedAt = at
		}
	}
	said(j, ev.Host)
	j.Output.Stdout, j.Output.Stderr, j.Output.Events, j.Output.Truncated = ev.Stdout, ev.Stderr, ev.Events, ev.Truncated
	j.Artifacts = ev.Artifacts
	switch {
	case j.Cancel != nil:
		end(j, glovebox.StatusCancelled, nil, now)
	case ev.Fault != nil || ev.Result == nil:
		ran := j.Status == glovebox.StatusRunning || ev.Result != nil || ev.Fault != nil && ev.Fault.Kind == glovebox.KindNodeLost
		if !again(j, ev.Fault, ran, now) {
			end(j, glovebox.StatusFailed, ev.Fault, now)
		}
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
