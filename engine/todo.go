package engine

import (
	"time"

	"glovebox"
)

// Action is what a job needs done next. Carrying one out twice is harmless.
type Action string

// The actions.
const (
	Resolve Action = "resolve" // find the image; answer Resolved or Failed
	Place   Action = "place"   // find a node with room; answer Placed
	Make    Action = "make"    // tell the provider what should exist, and that it should stop if Cancel is set
	Seal    Action = "seal"    // make the output final once it is complete; answer Sealed
	Remove  Action = "remove"  // take the ledger back from its end; answer Observed gone
	Attest  Action = "attest"  // sign what became of it, durably; answer Receipted
	Forget  Action = "forget"  // remove what is kept of an archived job, once ForgetNow, and then the job
)

// Todo says what a job needs now.
func Todo(j glovebox.Job) []Action {
	switch j.Status {
	case glovebox.StatusPending:
		if Clearing(j) {
			return []Action{Remove}
		}
		if j.Image.Digest == "" {
			return []Action{Resolve}
		}
		return []Action{Place}
	case glovebox.StatusProvisioning, glovebox.StatusRunning:
		return []Action{Make}
	case glovebox.StatusCompleted, glovebox.StatusFailed, glovebox.StatusCancelled:
		if !j.Output.Sealed {
			if j.Node != "" {
				return []Action{Make, Seal} // the node still holds output
			}
			return []Action{Seal}
		}
		if !glovebox.AllGone(j.Ledger) {
			return []Action{Remove}
		}
		return []Action{Attest}
	case glovebox.StatusArchived:
		return []Action{Forget}
	}
	return nil
}

// SealNow says whether the output must be sealed with what has arrived: nobody
// will send more, or they had their time.
func SealNow(j glovebox.Job, now time.Time) bool {
	return j.Node == "" || now.Sub(j.EndedAt) >= SealTime+j.Spec.Limits.CollectTime()
}
