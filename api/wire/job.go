package wire

import (
	"encoding/json"
	"time"

	"glovebox"
)

// Job is a job as its owner sees it: everything known about it except how
// control drives it (ledger, lease, due time) and the bytes of its stdin.
type Job struct {
	ID      string           `json:"jobID" example:"j0123456789abcdefghjk" doc:"Names the job; cannot be guessed"`
	Status  glovebox.Status  `json:"status" enum:"PENDING,PROVISIONING,RUNNING,COMPLETED,FAILED,CANCELLED,ARCHIVED" doc:"Where the job stands"`
	Outcome glovebox.Status  `json:"outcome,omitempty" enum:"COMPLETED,FAILED,CANCELLED" doc:"The end it came to; stays when the status goes on to ARCHIVED"`
	Reason  glovebox.Reason  `json:"reason,omitempty" doc:"Why it FAILED, from a closed list"`
	Error   *Fault           `json:"error,omitempty" doc:"What went wrong, for people"`
	Result  *Result          `json:"result,omitempty" doc:"What became of the command; absent if it never started"`
	Output  Output           `json:"output"`
	Cancel  *glovebox.Cancel `json:"cancel,omitempty" doc:"Who asked for it to end, and when"`
	Receipt *Receipt         `json:"receipt,omitempty" doc:"That was given when all was over, at /v1/jobs/{id}/receipt"`
	Spec    SpecView         `json:"spec" doc:"What was asked for, with defaults filled in"`
	Image   Resolved         `json:"image" doc:"What the image's name was resolved to"`
	Owner   string           `json:"owner" doc:"Who submitted it"`

	Artifacts *Artifacts `json:"artifacts,omitempty" doc:"What it has left under /out; absent if nothing. GET /v1/jobs/{id}/artifacts lists it"`

	// Approvals holds what people signed, for anyone to check again.
	Approvals []JobApproval `json:"approvals,omitempty" nullable:"false" doc:"Of a signed job"`

	Policy         *Policy      `json:"policy,omitempty" doc:"That holds now; absent if the job may touch nothing"`
	PolicyRevision int64        `json:"policyRevision,omitempty" doc:"Changes of the policy since the job was submitted"`
	Admission      []PolicyLine `json:"admission,omitempty" nullable:"false" doc:"What decided about the policy, line by line"`
	Findings       []Finding    `json:"findings,omitempty" nullable:"false" maxItems:"11" doc:"Out of the ordinary, one of each rule of the watch"`

	Node    string `json:"node,omitempty" doc:"Where it was placed"`
	Attempt int    `json:"attempt" doc:"Number of placements; 0 before the first. PENDING above 0: it is run again"`
	Version int64  `json:"version" doc:"Grows with every change; the ETag"`

	CreatedAt  time.Time `json:"createdAt"`
	PlacedAt   time.Time `json:"placedAt,omitzero"`
	StartedAt  time.Time `json:"startedAt,omitzero"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	ArchivedAt time.Time `json:"archivedAt,omitzero"`
	ExpiresAt  time.Time `json:"expiresAt,omitzero" doc:"When an archived job is removed, with its output"`

	Causes []Cause `json:"causes,omitempty" nullable:"false" doc:"How earlier attempts ended, oldest first. The times above are the present one's"`
}

// Cause is how an attempt ended that was followed by another.
type Cause struct {
	Attempt   int             `json:"attempt"`
	Node      string          `json:"node,omitempty"`
	Reason    glovebox.Reason `json:"reason"`
	Error     *Fault          `json:"error,omitempty"`
	PlacedAt  time.Time       `json:"placedAt,omitzero"`
	StartedAt time.Time       `json:"startedAt,omitzero" doc:"Absent if it was not seen to start"`
	EndedAt   time.Time       `json:"endedAt"`
}

// JobApproval is a person's signed consent to the very job.
type JobApproval struct {
	By       string          `json:"by"`
	At       time.Time       `json:"at"`
	Evidence json.RawMessage `json:"evidence" doc:"The signed operation, with all that is needed to check it again"`
}

// Fault is what went wrong with a job.
type Fault struct {
	Kind    glovebox.Kind `json:"kind" doc:"From the closed list at /v1/errors"`
	Field   string        `json:"field,omitempty" doc:"Part of the request to blame, as a JSON path"`
	Message string        `json:"message"`
	Hint    string        `json:"hint,omitempty" doc:"What to do about it"`
}

// Result is what became of the command.
type Result struct {
	ExitCode   int               `json:"exitCode" minimum:"0" maximum:"255" doc:"128+n if ended by signal n"`
	Signal     int               `json:"signal,omitempty" doc:"The signal that ended it, if one did"`
	Duration   glovebox.Duration `json:"duration" doc:"From start to end, such as 1.2s"`
	MemoryPeak int64             `json:"memoryPeak,omitempty" doc:"Bytes used at most"`
	CPUTime    glovebox.Duration `json:"cpuTime,omitempty"`

	StartedFrom string `json:"startedFrom,omitempty" enum:"pool,cold" doc:"A sandbox that was parked ahead of time, or one made for the job"`
	Template    string `json:"template,omitempty" example:"generic" doc:"That it was parked for, if it was"`
}

// Output says how much a job has written. While Sealed is false the sizes are
// those of the moment.
type Output struct {
	Stdout    int64 `json:"stdout" doc:"Bytes"`
	Stderr    int64 `json:"stderr" doc:"Bytes"`
	Events    int64 `json:"events,omitempty" doc:"Bytes of GET /v1/jobs/{id}/events"`
	Truncated bool  `json:"truncated,omitempty" doc:"Cut at limits.output, with a mark at the end"`
	Sealed    bool  `json:"sealed" doc:"Complete and durable"`
}

// Resolved is an image's normalized name and the digest it stood for.
type Resolved struct {
	Name   string `json:"name,omitempty"`
	Digest string `json:"digest,omitempty"`
}

// JobSummary is a job in a list: small whatever the job's spec holds.
type JobSummary struct {
	ID       string            `json:"jobID"`
	Status   glovebox.Status   `json:"status" enum:"PENDING,PROVISIONING,RUNNING,COMPLETED,FAILED,CANCELLED,ARCHIVED"`
	Outcome  glovebox.Status   `json:"outcome,omitempty" enum:"COMPLETED,FAILED,CANCELLED"`
	Reason   glovebox.Reason   `json:"reason,omitempty"`
	ExitCode *int              `json:"exitCode,omitempty" doc:"Absent if the command has not ended or never started"`
	Image    string            `json:"containerImage"`
	Command  []string          `json:"command,omitempty" nullable:"false" doc:"Entrypoint and cmd as asked for, cut at 256 bytes"`
	Labels   map[string]string `json:"labels,omitempty"`
	Owner    string            `json:"owner"`
	Node     string            `json:"node,omitempty"`
	Attempt  int               `json:"attempt"`
	Version  int64             `json:"version"`

	CreatedAt  time.Time `json:"createdAt"`
	StartedAt  time.Time `json:"startedAt,omitzero"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	ArchivedAt time.Time `json:"archivedAt,omitzero"`
}

// JobPage is a part of the list of jobs, newest first.
type JobPage struct {
	Jobs []JobSummary `json:"jobs" nullable:"false"`
	Next string       `json:"next,omitempty" doc:"Cursor of the next page; absent at the end"`
}
