package api

import (
	"context"
	"io"

	"glovebox"
	"glovebox/api/wire"
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
	Submit(ctx context.Context, p glovebox.Principal, spec glovebox.Spec, key *glovebox.IdempotencyKey) (job glovebox.Job, fresh bool, err error)

	// Job returns a job; KindNotFound.
	Job(ctx context.Context, p glovebox.Principal, id string) (glovebox.Job, error)

	// List returns a page of the caller's tenant's jobs, newest first.
	// filter.Tenant is p.Tenant; KindInvalid on field "cursor".
	List(ctx context.Context, p glovebox.Principal, filter glovebox.JobFilter) (glovebox.JobPage, error)

	// Cancel asks for the job to end and returns it as it is then. A job that
	// has ended already, or is being cancelled, is returned as it is.
	// KindNotFound.
	Cancel(ctx context.Context, p glovebox.Principal, id string) (glovebox.Job, error)

	// Watch returns the job as soon as its version is above afterVersion, or
	// ctx's error. It is called in a loop by many at once, so it should sleep
	// on a signal rather than poll. KindNotFound.
	Watch(ctx context.Context, p glovebox.Principal, id string, afterVersion int64) (glovebox.Job, error)
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

	// Remove forgets a name; KindImageUnknown.
	Remove(ctx context.Context, p glovebox.Principal, name string) error
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
	// Follow reads a stream, waiting for more if follow is set.
	Follow(ctx context.Context, job string, attempt int, s output.Stream, offset int64, follow bool) (io.ReadCloser, error)
}
