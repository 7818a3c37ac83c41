package engine

import (
	"time"

	"glovebox"
)

// Event is something that happened to a job.
type Event interface{ Name() string }

// Resolved: the image is known and whole, and so is the command.
type Resolved struct {
	Image   glovebox.ImageRef
	Command glovebox.Command
}

// Failed: the job cannot be run. Fault's kind decides the reason. Attempt is
// the attempt it happened to, 0 if the job was not placed yet.
type Failed struct {
	Attempt int
	Fault   *glovebox.Error
}

// Placed: a node has room. Ledger is what the provider plans to make there.
type Placed struct {
	Node   string
	Ledger []glovebox.Resource
}

// Observed: a resource was seen in a state.
type Observed struct{ Resource glovebox.Resource }

// Started: the command runs.
type Started struct {
	Attempt int
	At      time.Time
	Host    *glovebox.Host // nil: the node did not say
}

// Exited: the command has ended, or will never start. A fault tells that it
// did not end by itself.
type Exited struct {
	Attempt   int
	Result    *glovebox.Result // nil if it never started
	Fault     *glovebox.Error
	Stdout    int64 // bytes that the node holds or has shipped
	Stderr    int64
	Events    int64
	Truncated bool
	Artifacts *glovebox.Artifacts // as far as the node tells; nil if there are none
	Host      *glovebox.Host      // nil: the node did not say, or did not speak
}

// CancelAsked: somebody wants the job to end.
type CancelAsked struct{ By string }

// Sealed: the output is complete and durable. Artifacts are what is kept of what
// the node spoke of, once it was checked: its files, bytes and digest, or that it
// was refused; nil if nothing came.
type Sealed struct {
	Stdout, Stderr, Events int64
	Artifacts              *glovebox.Artifacts
}

// Receipted: the receipt is signed and durable, or the service gives none (the
// zero Ref).
type Receipted struct{ Ref glovebox.ReceiptRef }

// Abandoned: the service stops and takes the running job's sandbox with it.
type Abandoned struct{}

// Tick: the job is due; nothing else happened.
type Tick struct{}

// Found: the watch found something out of the ordinary. Findings are all of the
// attempt until now.
type Found struct {
	Attempt  int
	Findings []glovebox.Finding
}

// Name is the event's name in the transition table.
func (Resolved) Name() string { return "Resolved" }

// Name is the event's name in the transition table.
func (Failed) Name() string { return "Failed" }

// Name is the event's name in the transition table.
func (Placed) Name() string { return "Placed" }

// Name is the event's name in the transition table.
func (Observed) Name() string { return "Observed" }

// Name is the event's name in the transition table.
func (Started) Name() string { return "Started" }

// Name is the event's name in the transition table.
func (Exited) Name() string { return "Exited" }

// Name is the event's name in the transition table.
func (CancelAsked) Name() string { return "CancelAsked" }

// Name is the event's name in the transition table.
func (Sealed) Name() string { return "Sealed" }

// Name is the event's name in the transition table.
func (Receipted) Name() string { return "Receipted" }

// Name is the event's name in the transition table.
func (Abandoned) Name() string { return "Abandoned" }

// Name is the event's name in the transition table.
func (Tick) Name() string { return "Tick" }

// Name is the event's name in the transition table.
func (Found) Name() string { return "Found" }
