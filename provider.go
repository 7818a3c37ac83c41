package glovebox

import "context"

// Provider is where sandboxes come from: a node's agent, or a machine per job.
// It is a set of idempotent steps over a job's ledger. The orchestrator writes
// the intent before Make and the outcome after it, and undoes by Remove in
// reverse order, so a provider needs no memory of its own:
//
//	Plan → (intent stored) → Make → observed … Remove → deleting … gone
//
// Implementations pass providertest.
type Provider interface {
	// Plan lists what an attempt needs, in order of making, in state intent.
	// It has no effect and gives the same answer each time.
	Plan(job Job) []Resource

	// Make brings r into being and returns it as observed, or as intent if it
	// is under way and a report will follow. Making what is there is fine.
	Make(ctx context.Context, job Job, r Resource) (Resource, error)

	// Remove takes r away and returns it as gone, or as deleting if it is
	// under way and a report will follow. What is not there is gone.
	Remove(ctx context.Context, job Job, r Resource) (Resource, error)

	// Owned lists everything that exists and carries this deployment's label,
	// for the reaper. An error means that nothing is known.
	Owned(ctx context.Context) ([]Resource, error)
}
