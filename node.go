package glovebox

import "time"

// Node is a machine whose agent runs sandboxes, as it last described itself.
type Node struct {
	Name     string
	Boot     string // kernel boot id
	Platform string // "linux/amd64"
	Runtimes []string
	Capacity Capacity
	Seen     time.Time
}

// Capacity is how much a node runs at one time.
type Capacity struct {
	Sandboxes int64
	Memory    int64 // bytes, for all of them together
}

// Host is what a node said of itself as it told of an attempt.
type Host struct {
	Agent    string `json:"agent,omitempty"`    // version
	Runtime  string `json:"runtime,omitempty"`  // version of the one that the attempt ran in
	Kernel   string `json:"kernel,omitempty"`   // release
	Platform string `json:"platform,omitempty"` // "linux/amd64"
}

// Report is what a provider learns about an attempt. Exactly one of Started,
// Exit, Resource, Findings and Shipped is set. Reports come late, twice and out of order.
type Report struct {
	Job      string
	Attempt  int
	Started  time.Time // the command runs since
	Host     *Host     // with Started and Exit, if the node said
	Exit     *NodeExit // the command has ended, or will never start
	Resource *Resource // a line of the ledger was seen in a state
	Findings []Finding // out of the ordinary, all until now
	Shipped  bool      // output came in after the end
}

// NodeExit is a node's account of how an attempt ended.
type NodeExit struct {
	Result    *Result // nil if the command never started
	Fault     *Error  // why it did not end by itself
	Stdout    int64   // bytes written, as far as they are kept
	Stderr    int64
	Events    int64
	Truncated bool
	Artifacts *Artifacts // as far as the node tells: not the files, nor the digest; nil if there are none
}

// StreamSizes says how much of each stream of an attempt is stored, in bytes.
type StreamSizes struct{ Stdout, Stderr, Events, Artifacts, Index int64 }
