package glovebox

import (
	"context"
	"time"
)

// How much is noted of what a job does: SandboxSpec.Watch.
const (
	WatchOff     = ""        // nothing
	WatchDefault = "default" // programs, and what is out of the ordinary: see Observation
	WatchFull    = "full"    // and every system call by name, for learning a policy
)

// Watcher is implemented by a Runtime that can tell what a job does inside its
// sandbox. What it tells was noted outside of the job's reach, and adds up from
// its start, so nothing is lost by asking late, or again after a crash:
//
//	Create(SandboxSpec{Watch: …}) → Start → Watched, each second … → Wait → Watched, once → Destroy
//
// It costs the job nothing to be asked.
type Watcher interface {
	// Watched returns what the job has done until now; after its end all of
	// it, until Destroy. KindNotFound; KindConflict if it is not watched, or
	// its runtime cannot; KindUnavailable if the same call may do later.
	Watched(ctx context.Context, id string) (Observed, error)
}

// Observed is what a job was seen to do. It is bounded whatever the job does:
// there is room for so many different things of each kind, and what comes after
// is only counted.
type Observed struct {
	Things []Observation     `json:"things,omitempty"`
	Missed map[string]uint64 `json:"missed,omitempty"` // by kind: for what there was no room
	Calls  map[string]uint64 `json:"calls,omitempty"`  // system calls by name; with WatchFull only

	Forks     uint64 `json:"forks,omitempty"`     // tasks that were made
	ForkBurst uint64 `json:"forkBurst,omitempty"` // … within one second, at most
	TasksPeak uint64 `json:"tasksPeak,omitempty"` // tasks at one time, at most

	Usage Usage `json:"usage,omitzero"` // until now
	Disk  int64 `json:"disk,omitempty"` // bytes of scratch, at most; known at the end
}

// Observation is one thing that a job did, once or more often. All texts are
// printable and short: what the job gave for a name is escaped.
type Observation struct {
	Kind   string    `json:"kind"`             // ObserveExec and so on
	First  time.Time `json:"first"`            // by the node's clock
	Last   time.Time `json:"last"`             //
	Count  uint64    `json:"count"`            //
	Result string    `json:"result,omitempty"` // of the last time: "" for success, "pending", or an error's name such as "EPERM"
	UID    uint32    `json:"uid,omitempty"`    // inside the sandbox

	Address string `json:"address,omitempty"` // "ADDRESS:PORT"
	Proto   string `json:"proto,omitempty"`   // "tcp", "udp", "icmp", "raw", "packet", "vsock", "alg" or "other"
	Path    string `json:"path,omitempty"`    // of a program, with links resolved; of a file, as the job spelled it
	Arg0    string `json:"arg0,omitempty"`    // what the program was told it is called
	Call    string `json:"call,omitempty"`    // name of the system call
	Detail  string `json:"detail,omitempty"`  // what is known of its arguments
}

// Kinds of Observation. Attempts count as much as successes.
const (
	ObserveExec     = "exec"     // a program was executed
	ObserveMiner    = "miner"    // … with the name or arguments of a known miner
	ObserveConnect  = "connect"  // an address was connected or sent to
	ObserveMetadata = "metadata" // … of a cloud's metadata service, or link-local
	ObservePool     = "pool"     // … at a port that mining pools use
	ObserveDNS      = "dns"      // … at a port of DNS
	ObserveBind     = "bind"     // an address was bound
	ObserveSocket   = "socket"   // a raw or packet socket, or another that leads past TCP and UDP
	ObserveOpen     = "open"     // a file or socket that escapes are made of
	ObserveCall     = "call"     // a system call for privileges
)
