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
}

// CancelAsked: somebody wants the job to end.
type CancelAsked struct{ By string }

// Sealed: the output is complete and durable.
type Sealed struct{ Stdout, Stderr, Events int64 }

// Abandoned: the service stops and takes the running job's sandbox with it.
type Abandoned struct{}

// Tick: the job is due; nothing else happened.
type Tick struct{}

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
func (Abandoned) Name() string { return "Abandoned" }

// Name is the event's name in the transition table.
func (Tick) Name() string { return "Tick" }
