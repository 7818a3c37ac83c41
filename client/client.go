// Package client is the Go client of the API. The CLI and the tests use it.
//
// Every error is a *glovebox.Error with the kind, field and hint that the
// server gave, KindNoServer if there is nobody at the socket, or the context's
// error. Calls that are safe to repeat are repeated for a while when the
// connection breaks, and streams go on at the byte or event where they were,
// so a restart of control is not seen by the caller.
package client

import (
	"net/http"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// What calls take and return, under the names that users of this package need.
type (
	Job          = wire.Job
	JobSummary   = wire.JobSummary
	JobPage      = wire.JobPage
	Event        = wire.Event
	Stream       = wire.Stream
	Until        = wire.Until
	Image        = wire.Image
	PullProgress = wire.PullProgress
	Version      = wire.Version
)

// Constants of the types above.
const (
	Stdout = wire.Stdout
	Stderr = wire.Stderr

	EventJob    = wire.EventJob
	EventStdout = wire.EventStdout
	EventStderr = wire.EventStderr
	EventEnd    = wire.EventEnd

	Ended    = wire.Ended
	Archived = wire.Archived
)

// Options say where the server is.
type Options struct {
	Socket string // path of control's unix socket

	// Patience is how long a call that is safe to repeat goes on trying
	// after its connection broke; 0 means 30 s, negative not at all. A server
	// that was never reached by this client fails at once, as KindNoServer.
	Patience time.Duration
}

// Client calls the API. It is safe for concurrent use.
type Client struct {
	http     *http.Client
	socket   string
	patience time.Duration
	reached  reached
}

// Filter picks jobs of a list. Zero fields match everything.
type Filter struct {
	Statuses []glovebox.Status // where it stands now; one that ended is soon archived
	Outcomes []glovebox.Status // the end it came to: completed, failed or cancelled, archived or not
	Labels   map[string]string // all of them
	Since    time.Time         // created at or after
	Until    time.Time         // created before
	PageSize int               // of one request; 0 means the server's default
}

// OutputOptions say which part of a stream to read.
type OutputOptions struct {
	Offset int64 // first byte
	Limit  int64 // at most so many bytes; 0 means no limit
	Follow bool  // wait for more until the output is complete
}
