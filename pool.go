package glovebox

import "context"

// Template says what the sandboxes of one warm pool have in common. A sandbox
// fits a job if the template asks nothing that the job does not; all that is
// the job's own is bound when it is claimed.
type Template struct {
	// Name is unique on a node: PoolGeneric, or a name of the operator's
	// choosing in the form of a DNS label.
	Name string
	// Image is what its jobs run; without a digest, any. Of its Defaults, Env,
	// Workdir and User are those of a job that sets nothing of its own.
	Image Image
	// Interpreter is started ahead and waits for a script: "python3", "node",
	// or "" for none. It needs an Image.
	Interpreter string

	// Snapshot is the one in whose program each of its sandboxes goes on, ""
	// for none. Then it needs the Image of the snapshot and its Tenant, whose
	// jobs alone may take them.
	Snapshot string
	Tenant   string
	// Network says that jobs with a network take them, and no others. Netns is
	// the path of the network namespace with the link of the one to be made.
	Network bool
	Netns   string

	// Urgent says that a job waits for it: it gives way to nobody.
	Urgent bool
}

// The templates that every node has: their sandboxes take a job of any image,
// without a network and with one.
const (
	PoolGeneric = "generic"
	PoolNetwork = "network"
)

// Parker is implemented by a Runtime that can make sandboxes before there is a
// job for them. A parked sandbox belongs to nobody, uses no CPU, and ends in
// one of two ways:
//
//	Park → Create(SandboxSpec{ID, Parked: id, …}) → as any other sandbox
//	Park → Destroy(id)
//
// Until it is claimed it is listed and destroyed under its own id; from then on
// under the sandbox's, and nothing answers to its own any more.
type Parker interface {
	// Park makes and parks one under an id that no sandbox has. It gives way
	// to jobs that run. On error it has undone what it did. Errors:
	// KindConflict (id exists), KindImageInvalid (the template's image is not
	// unpacked, or lacks the interpreter), KindNotFound (no such snapshot),
	// KindDenied (it is another tenant's), KindUnavailable, KindStart.
	Park(ctx context.Context, id string, t Template) error
}
