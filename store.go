package glovebox

import (
	"context"
	"time"
)

// Store keeps every record. A write that has returned without error is there
// after kill -9 and a power cut, unless it was asked to be Lazy; concurrent
// writers are told apart by versions, never by locks held across calls.
// Implementations pass storetest.
//
// Errors, besides those named at the methods: KindUnavailable when the store
// cannot be reached or is full, in which case nothing was changed or the caller
// cannot know; ctx's error if it ended first.
type Store interface {
	Jobs
	Images
	Records
	Audit
	Close() error
}

// Durability of a write.
type Durability int

// Durable writes are synced to disk before they return; writes that come
// together share a sync. Lazy ones survive the death of the process but may be
// lost in a power cut, so they fit only what is found out again.
const (
	Durable Durability = iota
	Lazy
)

// Jobs keeps jobs. A job is read and written whole. tenant guards every read
// and delete for a caller: another tenant's job is KindNotFound. AnyTenant is
// for the orchestrator alone.
//
// The events of a write are appended in its transaction: all of them if it
// takes effect; none if it fails, is refused, or only repeats what was done
// before. They may be of any tenants; what may be in them is said at Audit.
type Jobs interface {
	// CreateJob stores a new job durably and returns it with Version 1. If
	// key is not nil and was used before by the same tenant, nothing is stored:
	// with the same Fingerprint the job of then is returned with fresh = false,
	// or KindConflict if it has been deleted since; with another one it is
	// KindKeyReused. An ID that exists is KindConflict.
	CreateJob(ctx context.Context, job Job, key *IdempotencyKey, events ...AuditEvent) (stored Job, fresh bool, err error)

	// JobOfKey returns the job that an idempotency key stands for at a time:
	// what CreateJob would return for it, without storing anything if the key
	// is not used, which is KindNotFound. Otherwise KindKeyReused and
	// KindConflict, as there.
	JobOfKey(ctx context.Context, tenant string, key IdempotencyKey, now time.Time) (Job, error)

	// Job returns one job; KindNotFound.
	Job(ctx context.Context, tenant, id string) (Job, error)

	// UpdateJob replaces the stored job if its version is job.Version and its
	// attempt is not above job.Attempt, and returns it with the next version.
	// KindStale if somebody was faster, KindNotFound. With events it is durable
	// whatever d says.
	UpdateJob(ctx context.Context, job Job, d Durability, events ...AuditEvent) (Job, error)

	// DeleteJob durably forgets an archived job. Its idempotency key stays
	// used until it expires. KindNotFound, then KindStale if the job is not at
	// that version, then KindConflict if it is not ARCHIVED.
	DeleteJob(ctx context.Context, tenant, id string, version int64, events ...AuditEvent) error

	// ListJobs returns a page of jobs, newest first. The order is total and
	// pages neither repeat nor skip jobs that exist throughout.
	ListJobs(ctx context.Context, filter JobFilter) (JobPage, error)

	// KeptOutput sums Output.Stdout and Output.Stderr of a tenant's jobs (or
	// AnyTenant's). It costs the same however many jobs there are.
	KeptOutput(ctx context.Context, tenant string) (bytes int64, err error)

	// KeptArtifacts sums Artifacts.Kept of a tenant's jobs (or AnyTenant's), as
	// KeptOutput does their output.
	KeptArtifacts(ctx context.Context, tenant string) (bytes int64, err error)

	// DueJobs returns up to limit jobs of any tenant that are not ARCHIVED and
	// whose Due is set and not after now, the longest overdue first. It costs
	// the same however many archived jobs there are.
	DueJobs(ctx context.Context, now time.Time, limit int) ([]Job, error)

	// ExpiredJobs is the same of ARCHIVED jobs, which are then to be deleted.
	ExpiredJobs(ctx context.Context, now time.Time, limit int) ([]Job, error)
}

// AnyTenant matches jobs of every tenant.
const AnyTenant = "*"

// IdempotencyKey makes a repeated CreateJob return the first one's job. Keys
// are scoped to the tenant and forgotten no sooner than Expires.
type IdempotencyKey struct {
	Key         string
	Fingerprint string // hash of the request
	Expires     time.Time
}

// JobFilter picks jobs. Zero fields match everything but Tenant, which must be
// set. Cursor is a JobPage.Next of the same filter.
type JobFilter struct {
	Tenant     string
	Statuses   []Status
	Outcomes   []Status          // one of them is Job.Outcome; "" is that of a job without an end
	Unfinished bool              // not ARCHIVED
	Node       string            // placed there
	Labels     map[string]string // all of them, exactly
	Since      time.Time         // created at or after
	Until      time.Time         // created before
	Limit      int               // 1–1000; 0 = 100
	Cursor     string            // opaque; KindInvalid on field "cursor" if not ours
}

// JobPage is a part of a list; Next is empty at its end.
type JobPage struct {
	Jobs []Job
	Next string
}

// Images keeps what imported and pulled names stand for. The bytes are in
// Blobs under their digests. The events of a write are appended in its
// transaction, as with Jobs.
type Images interface {
	// PutImage stores img under (Tenant, Name), replacing what was there.
	PutImage(ctx context.Context, img Image, events ...AuditEvent) error
	// Image finds by normalized name; KindImageUnknown.
	Image(ctx context.Context, tenant, name string) (Image, error)
	// Images lists a tenant's images (or AnyTenant's) by name.
	Images(ctx context.Context, tenant string) ([]Image, error)
	// DeleteImage forgets a name; KindImageUnknown.
	DeleteImage(ctx context.Context, tenant, name string, events ...AuditEvent) error
}
