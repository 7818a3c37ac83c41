package glovebox

import "time"

// Runtimes that a job may ask for.
const (
	RuntimeGVisor = "gvisor" // default: a kernel of its own in user space
	RuntimeRunc   = "runc"   // namespaces on the host's kernel; never a fallback
)

// Spec is what a principal asks to run. The zero value of every field but
// Image means "the default"; nothing in it is trusted.
type Spec struct {
	Image       string            `json:"containerImage"`        // reference, or name of an imported image
	Entrypoint  []string          `json:"entrypoint,omitzero"`   // replaces the image's entrypoint if not nil
	Cmd         []string          `json:"cmd,omitempty"`         // replaces the image's cmd if not empty
	Env         map[string]string `json:"env,omitempty"`         // added to the image's environment
	Workdir     string            `json:"workdir,omitempty"`     // absolute path inside; default the image's, or /
	User        string            `json:"user,omitempty"`        // name or uid[:gid]; default the image's
	Stdin       []byte            `json:"stdin,omitempty"`       // given whole; at most MaxInlineStdin bytes
	StdinStream bool              `json:"stdinStream,omitempty"` // comes later, by append; Stdin is then empty
	Timeout     Duration          `json:"timeout,omitempty"`     // wall time from start; default DefaultTimeout
	Limits      Limits            `json:"limits,omitzero"`
	Runtime     string            `json:"runtime,omitempty"`         // default RuntimeGVisor
	PullPolicy  string            `json:"imagePullPolicy,omitempty"` // IfNotPresent (default), Always, Never
	Labels      map[string]string `json:"labels,omitempty"`

	// Policy is what the job may touch; nil means nothing. What is in it
	// beyond the tenant's policy takes a signed approval.
	Policy *Policy `json:"policy,omitempty"`

	// Template names the template with a snapshot that the job goes on from, if
	// it does: the saved program runs, and is told the command.
	Template string `json:"template,omitempty"`

	// Files are in the sandbox besides what the image has, in memory and
	// read-only, of the command's user.
	Files []InputFile `json:"files,omitempty"`

	// Attempts is how often the job may be placed in all, when it is the
	// service's fault that an attempt came to nothing; default 1. Idempotent says that
	// running the command twice does no harm: without it the job is not placed
	// again once the command may have been started.
	Attempts   int  `json:"attempts,omitempty"`
	Idempotent bool `json:"idempotent,omitempty"`

	// Retention is how long all that is known of the job is kept after it was
	// archived: record, output, artifacts and receipt. Default, and most, is what
	// the tenant has.
	Retention Duration `json:"retention,omitempty"`
}

// Pull policies, as Kubernetes names them.
const (
	PullIfNotPresent = "IfNotPresent"
	PullAlways       = "Always"
	PullNever        = "Never"
)

// Limits bound what one job can use. Zero means the default. Reaching memory,
// pids, disk, inodes or output ends the job with the reason of that name.
type Limits struct {
	Memory int64   `json:"memory,omitempty"` // bytes, of everything in the sandbox, no swap
	CPUs   float64 `json:"cpus,omitempty"`   // cores, as a share of wall time
	Pids   int64   `json:"pids,omitempty"`   // processes and threads at one time
	Disk   int64   `json:"disk,omitempty"`   // bytes written to the scratch layer
	Inodes int64   `json:"inodes,omitempty"` // files made in the scratch layer
	Files  int64   `json:"files,omitempty"`  // open files of one process
	Output int64   `json:"output,omitempty"` // bytes of stdout and stderr together

	// Artifacts bounds the bytes of what is kept of OutDir, with the list of it.
	// What is beyond is left out; the job does not end for it.
	Artifacts int64 `json:"artifacts,omitempty"`
}

// Caps and defaults of a Spec.
const (
	MaxInlineStdin = 1 << 20
	MaxStdin       = 4 << 30
	MaxArgs        = 1024
	MaxArgBytes    = 128 << 10 // all arguments together
	MaxEnvBytes    = 128 << 10 // all names and values together
	MaxLabels      = 64
	MaxLabelBytes  = 256 // one key or value
	MaxImageName   = 1024

	DefaultTimeout = 10 * time.Minute
	MaxTimeout     = 24 * time.Hour
	StopGrace      = 5 * time.Second // from SIGTERM to SIGKILL

	MaxAttempts = 10

	// How long archived jobs are kept: by default, at least and at most. A
	// tenant has MinTenantRetention or more; a job may ask for less.
	DefaultRetention   = 30 * 24 * time.Hour
	MinRetention       = time.Second
	MinTenantRetention = time.Hour
	MaxRetention       = 36_500 * 24 * time.Hour // a century, for "for ever"
)

// DefaultLimits are used where a job names none.
func DefaultLimits() Limits {
	return Limits{
		Memory: 512 << 20, CPUs: 1, Pids: 256, Disk: 1 << 30, Inodes: 100_000, Files: 1024, Output: 64 << 20,
		Artifacts: 64 << 20,
	}
}

// MinLimits are the least that a sandbox can be started with.
func MinLimits() Limits {
	return Limits{Memory: 64 << 20, CPUs: 0.05, Pids: 1, Disk: 1 << 20, Inodes: 64, Files: 16, Output: 1 << 10, Artifacts: 1}
}

// MaxLimits are the most that may be asked for, whatever the node has.
func MaxLimits() Limits {
	return Limits{
		Memory: 1 << 40, CPUs: 512, Pids: 1 << 16, Disk: 1 << 40, Inodes: 1 << 26, Files: 1 << 20, Output: 64 << 30,
		Artifacts: 64 << 30,
	}
}
