package engine

import (
	"time"

	"glovebox"
)

// Restored returns a job of a store that was brought back from a backup of the
// time taken, and whether it differs. What was under way then belongs to a server
// that may have gone on without this one: a job that had not ended comes to an
// end that says so, also one that waited, because it may have been run since; and
// nothing in the ledger is ours to remove. So no attempt of then can be reported
// on, and none is made again.
//
// It is no event, because it does not happen to a job that somebody drives.
func Restored(job glovebox.Job, taken, now time.Time) (glovebox.Job, bool) {
	if job.Status == glovebox.StatusArchived {
		return job, false
	}
	next := job
	next.Lease, next.Ledger = glovebox.Lease{}, nil
	for _, r := range job.Ledger {
		if r.State != glovebox.ResourceGone {
			r.State, r.At = glovebox.ResourceGone, time.Time{} // for us; nobody has seen it
		}
		next.Ledger = append(next.Ledger, r)
	}
	switch {
	case job.Status.Ended():
	case job.Cancel != nil:
		end(&next, glovebox.StatusCancelled, nil, now)
	default:
		end(&next, glovebox.StatusFailed, glovebox.Errorf(glovebox.KindNodeLost,
			"the server was restored from a backup of %s, when the job had not ended", taken.UTC().Format(time.RFC3339)).
			Try("whether it ran after that is not known here; submit it again if running it twice does no harm"), now)
	}
	settle(&next, now)
	return next, true
}
