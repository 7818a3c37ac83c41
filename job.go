package glovebox

import "time"

// Status is where a job stands:
//
//	PENDING → PROVISIONING → RUNNING → COMPLETED | FAILED | CANCELLED → ARCHIVED
//
// The three ends are visible the moment they are known. ARCHIVED follows when
// the output and the receipt are durable and nothing that the job owned is left;
// it keeps the end in Job.Outcome.
type Status string

// The statuses.
const (
	StatusPending      Status = "PENDING"
	StatusProvisioning Status = "PROVISIONING"
	StatusRunning      Status = "RUNNING"
	StatusCompleted    Status = "COMPLETED"
	StatusFailed       Status = "FAILED"
	StatusCancelled    Status = "CANCELLED"
	StatusArchived     Status = "ARCHIVED"
)

// Ended says whether the command will not run (any more).
func (s Status) Ended() bool {
	switch s {
	case StatusCompleted, StatusFailed, StatusCancelled, StatusArchived:
		return true
	}
	return false
}

// Statuses lists every status in the order of a job's life.
func Statuses() []Status {
	return []Status{StatusPending, StatusProvisioning, StatusRunning, StatusCompleted, StatusFailed,
		StatusCancelled, StatusArchived}
}

// Reason is why a job FAILED, from a closed list.
type Reason string

// The reasons.
const (
	ReasonImageDenied      Reason = "image_denied"
	ReasonImageUnavailable Reason = "image_unavailable"
	ReasonImageInvalid     Reason = "image_invalid"
	ReasonProvisionFailed  Reason = "provision_failed"
	ReasonStartFailed      Reason = "start_failed"
	ReasonTimeout          Reason = "timeout"
	ReasonOutOfMemory      Reason = "out_of_memory"
	ReasonPidsLimit        Reason = "pids_limit"
	ReasonDiskLimit        Reason = "disk_limit"
	ReasonOutputLimit      Reason = "output_limit"
	ReasonNodeLost         Reason = "node_lost"
	ReasonPolicyDenied     Reason = "policy_denied"
	ReasonInternal         Reason = "internal"
)

// Job is one request to run a command, and everything known about it. It is a
// value: engine.Step takes one and returns the next; the store keeps it under a
// version that every write must name.
type Job struct {
	ID      string `json:"jobID"`
	Tenant  string `json:"tenant"`
	Owner   string `json:"owner"`   // Principal.Name of who asked
	Version int64  `json:"version"` // grows with every stored change; 0 = not stored yet

	Spec    Spec     `json:"spec"`
	Image   ImageRef `json:"image"`            // what Spec.Image was resolved to; zero until then
	Command Command  `json:"command,omitzero"` // what is executed; known once Image is

	Status  Status  `json:"status"`
	Outcome Status  `json:"outcome,omitempty"` // the end it came to, also after ARCHIVED
	Reason  Reason  `json:"reason,omitempty"`  // only with Outcome FAILED
	Fault   *Error  `json:"error,omitempty"`   // what went wrong, for people
	Result  *Result `json:"result,omitempty"`  // only if the command was started and somebody saw its end
	Output  Output  `json:"output"`
	Cancel  *Cancel `json:"cancel,omitempty"`

	// Artifacts are what the attempt has left under OutDir; nil if that is nothing.
	Artifacts *Artifacts `json:"artifacts,omitempty"`

	// Receipt is set when all is over, and only then the job is ARCHIVED. Jobs
	// of before there were receipts have none.
	Receipt *ReceiptRef `json:"receipt,omitempty"`

	// Proof is how the owner had proved who they are.
	Proof *Proof `json:"proof,omitempty"`

	// Approvals are those of a signed job, with their evidence.
	Approvals []Approval `json:"approvals,omitempty"`

	// Policy is the one that holds now, if it was changed since the job was
	// submitted: PolicyRevision is then above 0, and grows with each change.
	// Before that, Spec.Policy holds. See Allowed.
	Policy         *Policy `json:"policy,omitempty"`
	PolicyRevision int64   `json:"policyRevision,omitempty"`

	// Admission says what decided about the policy that holds, line by line.
	Admission []PolicyLine `json:"admission,omitempty"`

	// Watch says for what of what it does the job is ended: its policy's Watch, and
	// what that does not say as its tenant had it. Findings are what was found.
	Watch    WatchPolicy `json:"watch,omitzero"`
	Findings []Finding   `json:"findings,omitempty"`

	// Attempt is the fence: it grows with each placement, and whatever names
	// an older one is refused. 0 = never placed. A job that is PENDING with an
	// attempt above 0 is to be run again; Causes says why, oldest first, at most
	// MaxAttempts-1 of them. StartedAt, PlacedAt, Node and Output are those of the
	// present attempt.
	Attempt int        `json:"attempt"`
	Causes  []Cause    `json:"causes,omitempty"`
	Node    string     `json:"node,omitempty"` // where the attempt was placed
	Host    *Host      `json:"host,omitempty"` // what that node said of itself
	Ledger  []Resource `json:"ledger,omitempty"`
	Lease   Lease      `json:"lease,omitzero"` // who drives it

	CreatedAt  time.Time `json:"createdAt"`
	PlacedAt   time.Time `json:"placedAt,omitzero"`
	StartedAt  time.Time `json:"startedAt,omitzero"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	ArchivedAt time.Time `json:"archivedAt,omitzero"`

	// Retention is how long the job is kept once it is archived, as it was
	// decided when it was accepted; 0 = DefaultRetention.
	Retention Duration `json:"retention,omitempty"`

	// Due is when the sweep must look at the job again, whatever else
	// happens. Of an archived job it is when it is removed, with its output; zero
	// if it was archived by a version that kept everything for ever.
	Due time.Time `json:"due,omitzero"`
}

// Cause is how an attempt ended that was followed by another.
type Cause struct {
	Attempt   int       `json:"attempt"`
	Node      string    `json:"node,omitempty"`
	Reason    Reason    `json:"reason"`
	Fault     *Error    `json:"error,omitempty"`
	PlacedAt  time.Time `json:"placedAt,omitzero"`
	StartedAt time.Time `json:"startedAt,omitzero"` // zero if it was not seen to start
	EndedAt   time.Time `json:"endedAt"`
}

// Allowed is the policy that holds now, with the Watch that does; the zero
// Policy if the job may touch nothing and nothing ends it.
func (j Job) Allowed() Policy {
	p := j.Spec.Policy
	if j.PolicyRevision > 0 {
		p = j.Policy
	}
	if p == nil && j.Watch == (WatchPolicy{}) {
		return Policy{}
	}
	holds := Policy{Version: PolicyVersion}
	if p != nil {
		holds = *p
	}
	holds.Watch = j.Watch.Or(holds.Watch)
	return holds
}

// Result is what became of the command.
type Result struct {
	ExitCode int      `json:"exitCode"`         // 0–255; 128+n if ended by signal n
	Signal   int      `json:"signal,omitempty"` // n, if ended by a signal
	Duration Duration `json:"duration"`         // from start to end, on the node's clock
	Usage    Usage    `json:"usage,omitzero"`

	// StartedFrom is FromPool or FromCold; "" if the node did not say. Template
	// is what the sandbox was parked for, if it was.
	StartedFrom string `json:"startedFrom,omitempty"`
	Template    string `json:"template,omitempty"`
}

// Where a sandbox was started from: one that was parked, or from nothing.
const (
	FromPool = "pool"
	FromCold = "cold"
)

// Usage is what an attempt used at most, as far as the runtime can tell.
type Usage struct {
	MemoryPeak int64    `json:"memoryPeak,omitempty"` // bytes
	CPUTime    Duration `json:"cpuTime,omitempty"`
}

// Output says how much a job wrote and how much of it is kept.
type Output struct {
	Stdout    int64 `json:"stdout"` // bytes, known for sure once Sealed
	Stderr    int64 `json:"stderr"`
	Events    int64 `json:"events,omitempty"`    // bytes of NetEvents, a line of JSON each
	Truncated bool  `json:"truncated,omitempty"` // cut at the cap, with a mark at the end
	Sealed    bool  `json:"sealed"`              // complete and durable
}

// Cancel says who asked for a job to end, and when.
type Cancel struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Lease says which control process drives a job, and until when. Another may
// take it over after Until, by a versioned write.
type Lease struct {
	Holder string    `json:"holder,omitempty"`
	Until  time.Time `json:"until,omitzero"`
}

// ImageRef is an image as asked for and as resolved.
type ImageRef struct {
	Name   string `json:"name,omitempty"`   // normalized reference, such as docker.io/library/busybox:1.36
	Digest string `json:"digest,omitempty"` // of the manifest for the node's platform, "sha256:…"
}

// SandboxID names the sandbox of an attempt, on the node and in the ledger.
func SandboxID(jobID string, attempt int) string { return jobID + "-" + itoa(attempt) }
