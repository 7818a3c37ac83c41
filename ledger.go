package glovebox

import "time"

// ResourceState is how far a resource has come. It moves forward only:
//
//	intent → observed → deleting → gone
type ResourceState string

// The states of a resource.
const (
	ResourceIntent   ResourceState = "intent"   // may exist: written before the call that makes it
	ResourceObserved ResourceState = "observed" // exists
	ResourceDeleting ResourceState = "deleting" // being removed; may exist
	ResourceGone     ResourceState = "gone"     // seen not to exist
)

// Resource is one line of a job's ledger: a thing outside the store that was
// made for one attempt and must be gone before the job is archived.
type Resource struct {
	Job     string        `json:"job"`
	Kind    string        `json:"kind"`           // "sandbox", "instance", "role" …
	Name    string        `json:"name"`           // derived from job and attempt, so that making twice is making once
	Node    string        `json:"node,omitempty"` // where, for what lives on a node
	Attempt int           `json:"attempt"`
	State   ResourceState `json:"state"`
	At      time.Time     `json:"at,omitzero"` // since when it is in that state, as far as was seen
}

// AllGone says whether nothing in the ledger is left.
func AllGone(ledger []Resource) bool {
	for _, r := range ledger {
		if r.State != ResourceGone {
			return false
		}
	}
	return true
}
