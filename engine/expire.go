package engine

import (
	"time"

	"glovebox"
)

// How long a job may stay in a status before it is ended or looked at again.
const (
	// ResolveTime bounds finding and copying the image.
	ResolveTime = 45 * time.Minute
	// ProvisionTime bounds placement to start, on a node that may have to
	// fetch and unpack the image first.
	ProvisionTime = 30 * time.Minute
	// LateStop is how long after a job's own deadline control waits for the
	// node to report it; the node has ended it by then if it lives.
	LateStop = 2*glovebox.StopGrace + 30*time.Second
	// SealTime bounds the wait for output that a node still holds, besides the
	// time that it has for artifacts.
	SealTime = 2 * time.Minute

	patience = 30 * time.Second // between looks at a job that waits its turn
	retry    = 5 * time.Second  // between looks at a job whose end is being tidied up
)

// expire ends a job that has overstayed. The node enforces time-outs itself;
// this is for nodes that do not answer any more.
func expire(j *glovebox.Job, now time.Time) {
	if j.Cancel != nil && !j.Status.Ended() && now.Sub(j.Cancel.At) >= late(j) {
		lost(j, "the node did not report the end of the job", now)
		return
	}
	switch j.Status {
	case glovebox.StatusPending:
		if fault := stuck(j, now); fault != nil {
			end(j, glovebox.StatusFailed, fault, now)
			return
		}
		if j.Image.Digest == "" && now.Sub(j.CreatedAt) >= ResolveTime {
			end(j, glovebox.StatusFailed, glovebox.Errorf(glovebox.KindUnreachable, "the image did not arrive within %s", ResolveTime).
				Try("import it with `glovebox image import`, or try again"), now)
		}
	case glovebox.StatusProvisioning:
		if now.Sub(j.PlacedAt) >= ProvisionTime {
			lost(j, "the node did not start the job within "+ProvisionTime.String(), now)
		}
	case glovebox.StatusRunning:
		if now.Sub(j.StartedAt) >= time.Duration(j.Spec.Timeout)+late(j) {
			lost(j, "the node did not report the end of the job", now)
		}
	}
}

// late is LateStop and the time that the node has to collect what the job left.
func late(j *glovebox.Job) time.Duration { return LateStop + j.Spec.Limits.CollectTime() }

// lost ends an attempt of which nobody knows what became of it.
func lost(j *glovebox.Job, message string, now time.Time) {
	fault := vanished(message)
	if !again(j, fault, true, now) {
		gone(j, fault, now)
	}
}

// abandoned ends a job because the service stops. It is not run again: whoever
// stopped the service has asked for that.
func abandoned(j *glovebox.Job, now time.Time) {
	gone(j, vanished("the service was stopped while the job ran"), now)
}

func vanished(message string) *glovebox.Error {
	return glovebox.Errorf(glovebox.KindNodeLost, "%s", message).
		Try("submit it again if running it twice does no harm")
}

// gone ends a job whose sandbox is not there any more.
func gone(j *glovebox.Job, fault *glovebox.Error, now time.Time) {
	if j.Cancel != nil {
		end(j, glovebox.StatusCancelled, nil, now)
		return
	}
	end(j, glovebox.StatusFailed, fault, now)
}

// settle archives a job that has nothing left to do and sets when it must be
// looked at again.
func settle(j *glovebox.Job, now time.Time) {
	switch j.Status {
	case glovebox.StatusPending:
		wait(j, now)
	case glovebox.StatusProvisioning:
		j.Due = j.PlacedAt.Add(ProvisionTime)
	case glovebox.StatusRunning:
		j.Due = j.StartedAt.Add(time.Duration(j.Spec.Timeout) + late(j))
	case glovebox.StatusCompleted, glovebox.StatusFailed, glovebox.StatusCancelled:
		j.Due = now.Add(retry)
		if j.Receipt != nil {
			j.Status, j.ArchivedAt, j.Due = glovebox.StatusArchived, now, now.Add(retention(j))
		}
	case glovebox.StatusArchived:
		if j.Due.IsZero() {
			j.Due = now.Add(retention(j)) // it was to be kept for ever: it counts from now on
		}
	}
	if j.Cancel != nil && !j.Status.Ended() && j.Due.After(j.Cancel.At.Add(late(j))) {
		j.Due = j.Cancel.At.Add(late(j))
	}
}

// wait says when a job that waits must be looked at again.
func wait(j *glovebox.Job, now time.Time) {
	switch from := PlaceFrom(*j); {
	case Clearing(*j):
		j.Due = now.Add(retry)
		return
	case from.After(now):
		j.Due = from
	default:
		j.Due = now.Add(patience)
	}
	j.Node = "" // nothing of the job is left there, if it ever was
}
