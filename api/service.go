package api

import (
	"context"
	"io"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
	"glovebox/output"
)

// Service decides about jobs. The API has checked the form of what it passes
// on; the service checks meaning, rights and quotas. p is never empty, and
// another tenant's job is KindNotFound. An error that is not a *glovebox.Error
// is answered as KindInternal and its text is only logged.
type Service interface {
	// Submit accepts a job durably and returns it; fresh is false if key was
	// used before with the same fingerprint and this is the job of then. spec
	// is as the caller gave it, not completed. Errors: those of Spec.Complete,
	// KindKeyReused, KindTooMany, KindDenied, the image kinds, KindUnavailable.
	// One that has the method WrittenDown has left an audit event; how often a
	// caller can make it do so is bounded by Rates.Submits.
	Submit(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, key *glovebox.IdempotencyKey) (job glovebox.Job, fresh bool, err error)

	// Job returns a job; KindNotFound.
	Job(ctx context.Context, p glovebox.Principal, id string) (glovebox.Job, error)

	// SubmitApproved is Submit for a signed job: approvals were verified for
	// this very spec, and are kept with it. KindApproval if they are not
	// enough.
	SubmitApproved(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, key *glovebox.IdempotencyKey,
		approvals []glovebox.Approval) (job glovebox.Job, fresh bool, err error)

	// List returns a page of the caller's tenant's jobs, newest first.
	// filter.Tenant is p.Tenant; KindInvalid on field "cursor".
	List(ctx context.Context, p glovebox.Principal, filter glovebox.JobFilter) (glovebox.JobPage, error)

	// Cancel asks for the job to end and returns it as it is then. A job that
	// has ended already, or is being cancelled, is returned as it is.
	// KindNotFound.
	Cancel(ctx context.Context, p glovebox.Principal, id string) (glovebox.Job, error)

	// Delete removes an archived job at that version, and all that is kept of
	// it, and leaves an audit event. KindNotFound, KindStale on "If-Match",
	// KindConflict if it is not archived.
	Delete(ctx context.Context, p glovebox.Principal, id string, version int64) error

	// ChangePolicy replaces the policy of a job that has not ended, and leaves
	// an audit event. Approvals were verified for this very change. KindNotFound,
	// KindConflict, KindApproval, KindStale on "If-Match", KindInvalid on fields
	// of the policy.
	ChangePolicy(ctx context.Context, p glovebox.Principal, id string, c glovebox.PolicyChange) (glovebox.Job, error)

	// Watch returns the job as soon as its version is above afterVersion, or
	// ctx's error. It is called in a loop by many at once, so it should sleep
	// on a signal rather than poll. KindNotFound.
	Watch(ctx context.Context, p glovebox.Principal, id string, afterVersion int64) (glovebox.Job, error)

	// Usage says what a tenant's jobs take at this moment.
	Usage(ctx context.Context, tenant string) (glovebox.TenantUsage, error)
}

// Approvals keeps what people have signed for. *identity.Service is one.
type Approvals interface {
	// TakeApproval uses up what was signed for this very spec and returns the
	// evidence; a repetition with the same idempotency key may take again.
	// KindNotFound for another tenant's, KindApproval for what is not the
	// caller's to use or was used, and while signatures are missing, KindConflict for another spec.
	TakeApproval(ctx context.Context, c identity.Caller, id, key string, spec glovebox.Spec) ([]glovebox.Approval, error)

	// TakePolicyChange is the same for the change of a policy.
	TakePolicyChange(ctx context.Context, c identity.Caller, id, key string, change identity.PolicyChange) ([]glovebox.Approval, error)

	// TakeSecretChange is the same for the change of a secret, which nothing
	// repeats.
	TakeSecretChange(ctx context.Context, c identity.Caller, id string, change identity.SecretChange) ([]glovebox.Approval, error)
}

// Tenants keeps what tenants may take. *tenant.Registry is one.
type Tenants interface {
	// Tenant returns a tenant's settings, complete; the default ones for a
	// tenant that has none.
	Tenant(ctx context.Context, id string) (glovebox.Tenant, error)

	// Get returns a tenant and the version of its settings; KindNotFound if it
	// has none.
	Get(ctx context.Context, id string) (t glovebox.Tenant, version int64, err error)

	// Put replaces the settings if their version is still the given one, 0 for
	// a tenant that has none, and leaves an audit event that names actor.
	// KindStale; KindInvalid on a field of the settings.
	Put(ctx context.Context, actor glovebox.Principal, t glovebox.Tenant, version int64) (stored glovebox.Tenant, now int64, err error)

	// List returns up to limit (1–1000) tenants that have settings, by id, from
	// after the given one on.
	List(ctx context.Context, after string, limit int) ([]glovebox.Tenant, error)
}

// ImageService keeps the images that jobs can name.
type ImageService interface {
	// Import reads an OCI or Docker archive from r and keeps every image in
	// it, under name if that is not empty. It must stop reading at its own
	// cap. Errors: the image kinds, KindInvalid on field "name".
	Import(ctx context.Context, p glovebox.Principal, name string, r io.Reader) ([]glovebox.Image, error)

	// Pull fetches, verifies and keeps an image. progress is called from one
	// goroutine at a time, and not after Pull has returned; it is quick.
	Pull(ctx context.Context, p glovebox.Principal, name string, progress func(PullProgress)) (glovebox.Image, error)

	// Images lists the tenant's images by name.
	Images(ctx context.Context, p glovebox.Principal) ([]glovebox.Image, error)

	// Inspect returns an image of the tenant's and what it lets one guess of
	// what its jobs will need. It reads all of the image if nobody asked before,
	// which may take seconds. KindImageUnknown, KindImageDenied, KindInvalid on
	// field "containerImage".
	Inspect(ctx context.Context, p glovebox.Principal, name string) (Inspection, error)

	// Remove forgets a name; KindImageUnknown.
	Remove(ctx context.Context, p glovebox.Principal, name string) error
}

// Inspection is what an image lets one guess: its author's words, and a list of
// well-known places.
type Inspection struct {
	Image    glovebox.Image
	Listens  []string // ports, such as "8080/tcp"
	Managers []string // package managers
	Egress   []glovebox.EgressRule
}

// writtenDown is an error of which there is an audit event.
type writtenDown interface {
	error
	WrittenDown() bool
}

// PullProgress says how far a pull is.
type PullProgress = wire.PullProgress

// Logs is what jobs write and read: *output.Logs.
type Logs interface {
	// Append adds to a stream; see output.Logs.Append.
	Append(ctx context.Context, job string, attempt int, s output.Stream, offset int64, p []byte) (size int64, err error)
	// Sizes tells how much there is of each stream.
	Sizes(ctx context.Context, job string, attempt int) (output.Sizes, error)
	// SealStream ends one stream: it is complete.
	SealStream(ctx context.Context, job string, attempt int, s output.Stream) error
	// Index calls f with each artifact of an attempt, in order.
	Index(ctx context.Context, job string, attempt int, f func(glovebox.Artifact) error) error
	// OpenArtifact reads one of them from an offset on, to its end.
	OpenArtifact(ctx context.Context, job string, attempt int, a glovebox.Artifact, offset int64) (io.ReadCloser, error)
	// Follow reads a stream, waiting for more if follow is set.
	Follow(ctx context.Context, job string, attempt int, s output.Stream, offset int64, follow bool) (io.ReadCloser, error)
}
