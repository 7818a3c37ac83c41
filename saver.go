package glovebox

import (
	"context"
	"time"
)

// Snapshot is a running sandbox that was written down on a node: the memory of
// its processes, their open files, the files of its scratch layer. It holds
// what the job held, so only jobs of the same tenant may go on from it.
type Snapshot struct {
	Name   string // unique on the node, as a sandbox's id is
	Tenant string
	Image  string // digest
	Bytes  int64  // that its files take
	Digest string // "sha256:…" of the list of its files with their checksums
	Taken  time.Time
}

// Saver is implemented by a Parker that can write a running sandbox down and
// park sandboxes in which its program goes on (Template.Snapshot):
//
//	Save → Park … (as often as one likes) → RemoveSnapshot
//
// Snapshots outlive the process, and every sandbox.
type Saver interface {
	// Save writes the running sandbox id down under a name that no snapshot
	// has; one that has it and is of the same sandbox's tenant is returned as
	// it is. The job goes on, or, if end is set, is killed in the very state
	// that was saved. On error nothing of the snapshot is left, and the job
	// goes on. Errors: KindNotFound (no such sandbox), KindConflict (its
	// command does not run, or it is being saved), KindInvalid on "name",
	// KindRuntime (of a runtime that cannot), KindTooLarge (the bounds on
	// snapshots of the node, or its disk), KindUnavailable, KindStart (it
	// cannot be saved).
	Save(ctx context.Context, id, name string, end bool) (Snapshot, error)

	// Snapshots lists all of which anything is there. One that is not whole,
	// because its making was cut short or goes on, has no Digest.
	Snapshots(ctx context.Context) ([]Snapshot, error)

	// RemoveSnapshot removes whatever there is of one. What is parked with it
	// is not touched. Idempotent.
	RemoveSnapshot(ctx context.Context, name string) error
}

// Savable says whether a job that runs may be saved as a template's snapshot:
// KindInvalid on the field that is in the way. What it was given in confidence
// would be in the snapshot, and with every job that goes on from it.
func (s Spec) Savable() error {
	if s.Runtime != "" && s.Runtime != RuntimeGVisor {
		return Errorf(KindInvalid, "a job of %s cannot be saved", s.Runtime).On("runtime").Try("run it with %s", RuntimeGVisor)
	}
	if s.holdsSecrets() {
		return Errorf(KindInvalid, "a job that was given secrets cannot be saved: they would be in the snapshot").On("policy.secrets").
			Try("prepare without them, and give them to the jobs that go on from there")
	}
	return nil
}

// holdsSecrets says whether the job is given any secret of its tenant.
func (s Spec) holdsSecrets() bool { return s.Policy != nil && len(s.Policy.Secrets) > 0 }
