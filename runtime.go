package glovebox

import (
	"context"
	"io"
	"time"
)

// Runtime makes, runs and destroys sandboxes on one node. It is used by the
// agent and needs root. A sandbox is single-use:
//
//	Create → Start → Wait … Signal … → Destroy
//
// Destroy is legal at any point, also for ids that were never made and for what
// an earlier process with the same data folder left; after it, Residue of that
// id is empty or an error was returned. A Runtime keeps nothing in memory that
// it cannot find again: a new process over the same folder can List, Wait,
// Signal and Destroy what an old one made. Implementations pass runtimetest.
type Runtime interface {
	// Create makes everything but the running command: root file system,
	// limits, stdio. Nothing of the job runs yet. On error it has undone what
	// it did. Errors: KindConflict (id exists), KindRuntime (no such runtime
	// on this node), KindImageInvalid, KindNoExecutable, KindNotExecutable,
	// KindUnknownUser, KindWorkdir, KindStart; KindUnavailable if what the
	// runtime stands on is away, so that the same call may do later.
	Create(ctx context.Context, s SandboxSpec) error

	// Start runs the command. Errors: as Create, KindNotFound. All of these
	// mean that the command surely was not started; if it may have been,
	// KindNodeLost.
	Start(ctx context.Context, id string) error

	// Wait returns when the command has ended; again and again the same until
	// Destroy. KindNotFound; KindNodeLost if the sandbox is gone and nobody
	// saw how it ended.
	Wait(ctx context.Context, id string) (Exit, error)

	// Signal sends a signal to the command's first process, or with
	// syscall.SIGKILL ends everything in the sandbox. KindNotFound.
	Signal(ctx context.Context, id string, signal int) error

	// Destroy ends and removes whatever there is of id. Idempotent.
	Destroy(ctx context.Context, id string) error
}

// Inventory tells what a node holds, from the kernel and containerd, not from
// memory.
type Inventory interface {
	// List names every sandbox of which anything is left, made whole or not.
	List(ctx context.Context) ([]Found, error)
	// Residue lists what is left that belongs to none of the live ids.
	Residue(ctx context.Context, live map[string]bool) ([]Residue, error)
}

// Found is a sandbox that exists on a node.
type Found struct {
	ID      string
	Started bool // the command was started, or may have been
}

// Residue is one thing that is left on a node: Kind is "process", "mount",
// "namespace", "cgroup", "container", "snapshot", "file" or "nft".
type Residue struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Sandbox string `json:"sandbox,omitempty"` // the id it belonged to, if that can be told
}

// ImageStore holds unpacked images on a node, read-only and shared by sandboxes.
type ImageStore interface {
	// EnsureImage fetches what is missing with fetch, unpacks once and returns
	// when sandboxes can be made from img. Concurrent calls share the work.
	// KindImageCorrupt, KindImageInvalid, KindImageTooLarge, or fetch's error.
	EnsureImage(ctx context.Context, img Image, fetch FetchBlob) error
	// ImageDigests lists the images that are unpacked.
	ImageDigests(ctx context.Context) ([]string, error)
	// RemoveImage frees what an image takes; KindConflict if a sandbox uses it.
	RemoveImage(ctx context.Context, digest string) error
}

// FetchBlob copies the blob with the digest into w, from offset on.
type FetchBlob func(ctx context.Context, digest string, offset int64, w io.Writer) error

// SandboxSpec is all that a runtime needs to know to make a sandbox.
type SandboxSpec struct {
	ID      string // SandboxID(job, attempt)
	Tenant  string
	Image   Image // unpacked before
	Runtime string
	Args    []string // argv, with entrypoint applied; never empty
	Env     []string // complete, NAME=value
	Workdir string
	User    string // as in Spec.User; "" = the image's, else root of nothing
	Limits  Limits // complete: no zero fields
	Stdio   Stdio

	// Parked is the id of a sandbox of Parker.Park to use up for this one, if
	// not empty. Whatever becomes of Create, it is used up; if Create fails,
	// for want of it or otherwise, the same call without it may do.
	Parked string

	// Snapshot is the one in whose program the job goes on, in place of Args,
	// which that program is told. Then Parked must be a sandbox of this
	// snapshot and tenant; KindInvalid or KindDenied on "parked" otherwise, and
	// for a sandbox with a snapshot that the job does not name.
	Snapshot string

	// Watch is how much is noted of what the job does: WatchOff, WatchDefault
	// or WatchFull. See Watcher; a runtime that is none ignores it.
	Watch string

	// Timeout is how long the command may run, 0 for ever. The agent ends it
	// then; a runtime that can does so while there is no agent.
	Timeout time.Duration

	// Network says that the job needs a network, Netns is the path of the
	// network namespace with its link. A parked one has its own.
	Network bool
	Netns   string

	// Files are there before the command runs, in memory only. KindInvalid on
	// "files" for what CheckFiles refuses.
	Files []File
}

// StdinCloser is implemented by a Runtime that itself holds a writing end of
// each sandbox's stdin, so that an agent's death does not look like the end of
// the input. The command sees the end once CloseStdin was called and the agent
// has closed its own end. Idempotent, legal from Create on; KindNotFound.
type StdinCloser interface {
	CloseStdin(ctx context.Context, id string) error
}

// Stdio names FIFOs on the node that the agent has made and removes. The agent
// opens Stdout and Stderr for reading, without blocking, before Create. They
// stay open for writing until the command and all its children have ended, and
// what is in them is kept until Destroy, also while no agent is there to read.
// An empty Stdin is /dev/null.
type Stdio struct{ Stdin, Stdout, Stderr string }

// Exit is how a sandbox ended.
type Exit struct {
	Code    int  // 0–255; 128+n if ended by signal n
	Signal  int  // n, if ended by a signal
	Limit   Kind // KindOutOfMemory, KindPids, KindDisk or KindTimeout if a limit ended it; else ""
	Started time.Time
	Ended   time.Time
	Usage   Usage
}
