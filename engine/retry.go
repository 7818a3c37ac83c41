package engine

import (
	"slices"
	"time"

	"glovebox"
)

// An attempt that came to nothing is followed by another if all of these hold:
//
//   - the job asks for more attempts than it has had (Spec.Attempts);
//   - nobody has asked for its end;
//   - the fault's kind is one of ours, below;
//   - the command surely was not started, or the job is idempotent. It may have
//     been if its start was reported, if the node says node_lost, or if nobody says
//     anything.
//
// The job is then PENDING again, and keeps its place on the node and its ledger
// until all of the former attempt is gone. Only then can it be placed: two
// sandboxes of a job never exist at once, whatever becomes of the node. Of a
// node that does not come back the provider has to say that what it held is
// gone; if nobody does within ClearTime, the job ends for what ended the attempt.

// ours are the faults that another node, or the same one a little later, may not
// have: a sandbox that could not be made, a runtime that was away, a mistake of
// ours, a node that was lost. All else would happen again, or is the job's own doing.
var ours = []glovebox.Kind{glovebox.KindStart, glovebox.KindUnavailable, glovebox.KindInternal, glovebox.KindNodeLost}

const (
	// ClearTime bounds the wait until all of a former attempt is gone.
	ClearTime = 30 * time.Minute

	firstPause = time.Second // before the second attempt; twice as long before each other
	maxPause   = time.Minute
)

// again puts a job whose attempt has come to nothing back in line, if it may be
// run again. ran says that the command may have been started.
func again(j *glovebox.Job, fault *glovebox.Error, ran bool, now time.Time) bool {
	if j.Cancel != nil || fault == nil || !slices.Contains(ours, fault.Kind) || ran && !j.Spec.Idempotent || j.Attempt >= attempts(j) {
		return false
	}
	j.Causes = append(slices.Clone(j.Causes), glovebox.Cause{
		Attempt: j.Attempt, Node: j.Node, Reason: fault.Kind.Info().Reason, Fault: fault,
		PlacedAt: j.PlacedAt, StartedAt: j.StartedAt, EndedAt: now,
	})
	j.Status, j.Result, j.Output, j.Artifacts = glovebox.StatusPending, nil, glovebox.Output{}, nil
	j.PlacedAt, j.StartedAt = time.Time{}, time.Time{}
	return true
}

// attempts is how often the job may be placed; jobs of before there were
// attempts name none.
func attempts(j *glovebox.Job) int { return max(j.Spec.Attempts, 1) }

// Clearing says whether a job that is to run again still has something of its
// former attempt, and so its room on the node.
func Clearing(j glovebox.Job) bool {
	return j.Status == glovebox.StatusPending && !glovebox.AllGone(j.Ledger)
}

// PlaceFrom is when a job may be placed at the earliest; zero if it was never
// placed.
func PlaceFrom(j glovebox.Job) time.Time {
	if len(j.Causes) == 0 {
		return time.Time{}
	}
	pause := min(firstPause<<(len(j.Causes)-1), maxPause)
	return j.Causes[len(j.Causes)-1].EndedAt.Add(pause)
}

// stuck is the fault that ends a job whose former attempt does not go away; nil
// while it is waited for.
func stuck(j *glovebox.Job, now time.Time) *glovebox.Error {
	if !Clearing(*j) || len(j.Causes) == 0 {
		return nil
	}
	last := j.Causes[len(j.Causes)-1]
	if now.Sub(last.EndedAt) < ClearTime {
		return nil
	}
	return last.Fault
}
