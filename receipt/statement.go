package receipt

import (
	"encoding/json"
	"time"

	"glovebox"
)

// What a statement calls itself, and what its predicate is.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://glovebox.dev/receipt/v1"
)

// Statement is an in-toto statement about one job. Its JSON form is described
// by Schema.
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Predicate `json:"predicate"`
}

// Subject is something that the statement is about: "JOB/request", whose digest
// is Command.Asked, and "JOB/stdout" and the like for each stream of output.
type Subject struct {
	Name   string `json:"name"`
	Digest Digest `json:"digest"`
}

// Digest is hex, by algorithm, as in-toto writes it.
type Digest struct {
	SHA256 string `json:"sha256"`
}

// Predicate is what is stated. Hashes in it are "sha256:" and hex.
type Predicate struct {
	Job     Job     `json:"job"`
	Asked   Asked   `json:"asked"`
	Image   Image   `json:"image"`
	Command Command `json:"command"`
	Policy  Policy  `json:"policy"`
	Limits  Limits  `json:"limits"`
	Runtime Runtime `json:"runtime"`
	Times   Times   `json:"times"`
	End     End     `json:"end"`
	Output  Output  `json:"output"`
	Network Network `json:"network"`

	Findings []Finding `json:"findings,omitempty"`

	Ledger  []Line  `json:"ledger"`
	Residue Residue `json:"residue"`
}

// Job is which one.
type Job struct {
	ID       string  `json:"id"`
	Tenant   string  `json:"tenant"`
	Attempts int     `json:"attempts"` // placements; 0 = it never had a sandbox
	Before   []Cause `json:"before,omitempty"`
}

// Cause is how an attempt ended that was followed by another.
type Cause struct {
	Attempt int             `json:"attempt"`
	Node    string          `json:"node,omitempty"`
	Reason  glovebox.Reason `json:"reason"`
	Started time.Time       `json:"started,omitzero"`
	Ended   time.Time       `json:"ended"`
}

// Asked is who asked for it, and with which assertion.
type Asked struct {
	By        string          `json:"by"`
	At        time.Time       `json:"at"`
	Proof     *glovebox.Proof `json:"proof,omitempty"`     // how they had proved who they are
	Approvals []Approval      `json:"approvals,omitempty"` // of a signed job
	Cancelled *Cancelled      `json:"cancelled,omitempty"`
}

// Cancelled is who asked for its end.
type Cancelled struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Approval is a person's signed consent, by what identifies it. The evidence
// itself is with the job.
type Approval struct {
	By         string    `json:"by"`
	At         time.Time `json:"at"`
	Evidence   string    `json:"evidence"`             // hash of its canonical JSON
	Operation  string    `json:"operation,omitempty"`  // hash of the canonical JSON of what was signed
	Credential string    `json:"credential,omitempty"` // id of the passkey, base64url
	PublicKey  string    `json:"publicKey,omitempty"`  // hash of the passkey's public key, as COSE
}

// Image is what ran.
type Image struct {
	Name   string `json:"name,omitempty"`
	Digest string `json:"digest,omitempty"` // absent if it was never resolved
}

// Command is what was to run; see CommandSum and ArgsSum for what is hashed.
type Command struct {
	Asked    string `json:"asked"`
	Executed string `json:"executed,omitempty"` // absent if it was never known
	Template string `json:"template,omitempty"` // whose saved program went on
	Snapshot string `json:"snapshot,omitempty"`
}

// Policy is what it might touch: the hash that policy.Sum makes.
type Policy struct {
	Asked    string `json:"asked"`
	Holds    string `json:"holds"`    // at its end
	Revision int64  `json:"revision"` // changes since it was submitted
}

// Limits are those that held.
type Limits struct {
	glovebox.Limits
	Timeout glovebox.Duration `json:"timeout"`
}

// Runtime is what it ran in, as its node said.
type Runtime struct {
	Name        string `json:"name"`
	Version     string `json:"version,omitempty"`
	Agent       string `json:"agent,omitempty"`
	Kernel      string `json:"kernel,omitempty"`
	Platform    string `json:"platform,omitempty"`
	Node        string `json:"node,omitempty"`
	StartedFrom string `json:"startedFrom,omitempty"` // glovebox.FromPool or FromCold
	Pool        string `json:"pool,omitempty"`        // that it was started from
}

// Times are when things happened, on control's clock, of the last attempt.
type Times struct {
	Created time.Time `json:"created"`
	Placed  time.Time `json:"placed,omitzero"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended"`
	// WentBack says that the clock did, and that what would be before its cause
	// was put at the same moment.
	WentBack bool `json:"wentBack,omitempty"`
}

// End is how it ended.
type End struct {
	Outcome  glovebox.Status   `json:"outcome"`
	Reason   glovebox.Reason   `json:"reason,omitempty"`
	Kind     glovebox.Kind     `json:"kind,omitempty"`     // of the fault
	ExitCode *int              `json:"exitCode,omitempty"` // absent if nobody saw the command's end
	Signal   int               `json:"signal,omitempty"`
	Duration glovebox.Duration `json:"duration,omitempty"`
}

// Output is what it wrote.
type Output struct {
	Streams   []Stream `json:"streams"`
	Truncated bool     `json:"truncated"` // cut at the cap
	Artifacts *Files   `json:"artifacts,omitempty"`
}

// Stream is one stream, whole.
type Stream struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
	// Damaged says that this is not all that was sealed: the store had lost
	// some of it when the receipt was made.
	Damaged bool `json:"damaged,omitempty"`
}

// Files is what it left under glovebox.OutDir. The stream "artifacts.index" has
// the digest of each file, which control has compared with the file's bytes.
type Files struct {
	Files     int   `json:"files"`
	Folders   int   `json:"folders"`
	Bytes     int64 `json:"bytes"`
	LeftOut   int   `json:"leftOut"`
	Truncated bool  `json:"truncated"`
	Refused   bool  `json:"refused"` // the node sent no list with its files: nothing is kept
}

// Network counts what was decided about its connections. The events themselves are the stream "events".
type Network struct {
	Decisions []Decision `json:"decisions,omitempty"`
	More      int64      `json:"more,omitempty"` // that are of kinds too many to list
	Missed    int64      `json:"missed,omitempty"`
	Unread    int64      `json:"unread,omitempty"` // lines that could not be read
	Sent      int64      `json:"sent,omitempty"`   // bytes out of the sandbox
	Received  int64      `json:"received,omitempty"`
}

// Decision is how often one was made.
type Decision struct {
	Type    string `json:"type"`
	Allowed bool   `json:"allowed"`
	Rule    string `json:"rule,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Count   int64  `json:"count"`
}

// Finding is something out of the ordinary that it was seen to do, by the rule
// of the watch. What it is made of is not told, for the job has a hand in that.
type Finding struct {
	Rule     string    `json:"rule"`
	Severity string    `json:"severity"`
	Count    uint64    `json:"count"`
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
}

// Line is one of the ledger: something that was made for the job.
type Line struct {
	Kind    string                 `json:"kind"`
	Name    string                 `json:"name"`
	Node    string                 `json:"node,omitempty"`
	Attempt int                    `json:"attempt"`
	State   glovebox.ResourceState `json:"state"`
	At      time.Time              `json:"at,omitzero"` // it was seen so
}

// Residue is what was looked for after the end. A node stops naming a sandbox
// only after it has asked the kernel and containerd what is left of it, and
// that was nothing.
type Residue struct {
	Made    int       `json:"made"` // lines of the ledger
	Left    int       `json:"left"` // of them; 0, or there would be no receipt
	Checked time.Time `json:"checked,omitzero"`
}

// JSON is the one spelling that is signed.
func (s Statement) JSON() ([]byte, error) { return json.Marshal(s) }
