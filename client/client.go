// Package client is the Go client of the API. The CLI and the tests use it.
//
// It reaches a server at its unix socket, or by its URL with a Credential: a key
// that proves every single request (DPoP, RFC 9449), so that nothing it sends
// is of use to anybody who reads or repeats it.
//
// Every error is a *glovebox.Error with the kind, field and hint that the
// server gave, KindNoServer if there is nobody at that address, or the context's
// error. Calls that are safe to repeat are repeated for a while when the
// connection breaks, and streams go on at the byte or event where they were,
// so a restart of control is not seen by the caller.
package client

import (
	"crypto/x509"
	"net/http"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// What calls take and return, under the names that users of this package need.
type (
	Job        = wire.Job
	JobSummary = wire.JobSummary
	JobPage    = wire.JobPage
	Event      = wire.Event
	Stream     = wire.Stream
	Until      = wire.Until
	Image      = wire.Image

	ImageInspected = wire.ImageInspected
	PullProgress   = wire.PullProgress
	Version        = wire.Version
	ErrorKind      = wire.ErrorKind
	JWKS           = wire.JWKS
	ReceiptKey     = wire.ReceiptKey
	ReceiptKeys    = wire.ReceiptKeys

	Challenge       = wire.Challenge
	Answer          = wire.Answer
	Signature       = wire.Signature
	Operation       = wire.Operation
	StepUpRequest   = wire.StepUpRequest
	StepUp          = wire.StepUp
	Session         = wire.Session
	LinkInfo        = wire.LinkInfo
	EnrolRequest    = wire.EnrolRequest
	Me              = wire.Me
	Passkey         = wire.Passkey
	Person          = wire.Person
	InviteRequest   = wire.InviteRequest
	Link            = wire.Link
	Invited         = wire.Invited
	HostLinkRequest = wire.HostLinkRequest
	HostLink        = wire.HostLink
	RuleRequest     = wire.RuleRequest
	Rule            = wire.Rule
	Token           = wire.Token
	Device          = wire.Device
	DeviceInfo      = wire.DeviceInfo
	CLICodeRequest  = wire.CLICodeRequest
	Approval        = wire.Approval
	Tenant          = wire.Tenant
	TenantUsage     = wire.TenantUsage
	TenantSettings  = wire.TenantSettings
	Quota           = wire.Quota
	Policy          = wire.Policy
	PolicyLine      = wire.PolicyLine
	PolicyChecked   = wire.PolicyChecked
	TenantPolicy    = wire.TenantPolicy
	JobPolicy       = wire.JobPolicy
	Pool            = wire.Pool
	PoolSlot        = wire.PoolSlot
	Template        = wire.Template
	TemplateRequest = wire.TemplateRequest
	Secret          = wire.Secret
	SecretRequest   = wire.SecretRequest
	SecretChange    = wire.SecretChange
	Resealed        = wire.Resealed
	Artifact        = wire.Artifact
	Artifacts       = wire.Artifacts
	ArtifactPage    = wire.ArtifactPage
	File            = wire.File
)

// Constants of the types above.
const (
	Stdout = wire.Stdout
	Stderr = wire.Stderr
	Events = wire.Events

	EventJob    = wire.EventJob
	EventStdout = wire.EventStdout
	EventStderr = wire.EventStderr
	EventEnd    = wire.EventEnd

	Ended    = wire.Ended
	Sealed   = wire.Sealed
	Archived = wire.Archived
)

// Options say where the server is: at a socket of this machine, or at a URL.
type Options struct {
	Socket string // path of control's unix socket

	// URL is the server's public URL, as it knows itself: https, or http for a
	// loopback address, and nothing behind host and port. One that cannot be
	// used is the error of every call.
	URL string

	// RootCAs sign the certificate of a server at a URL; nil means those of
	// the system.
	RootCAs *x509.CertPool

	// Credential is who calls, at a URL. Without one, the client keeps the
	// cookie of a login in memory, as a browser does.
	Credential Credential

	// Now is the clock that proofs are made by; nil means time.Now.
	Now func() time.Time

	// Patience is how long a call that is safe to repeat goes on trying
	// after its connection broke; 0 means 30 s, negative not at all. A server
	// that was never reached by this client fails at once, as KindNoServer.
	Patience time.Duration
}

// Client calls the API. It is safe for concurrent use.
type Client struct {
	http     *http.Client
	base     string // scheme and authority of every URL
	where    string // for messages: the socket or the URL
	local    bool   // at a socket
	unusable error  // why no call can be made
	holder   *holder
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
