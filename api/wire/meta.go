package wire

import "glovebox"

// Problem is the body of every error: RFC 9457, application/problem+json.
type Problem struct {
	Type      string        `json:"type" example:"urn:glovebox:problem:not_found" doc:"One per kind"`
	Title     string        `json:"title" doc:"The same for every error of the kind"`
	Status    int           `json:"status"`
	Detail    string        `json:"detail" doc:"What happened to what"`
	Kind      glovebox.Kind `json:"kind" doc:"From the closed list at /v1/errors"`
	Field     string        `json:"field,omitempty" doc:"Part of the request to blame, as a JSON path"`
	Hint      string        `json:"hint,omitempty" doc:"What to do about it"`
	RequestID string        `json:"requestID" doc:"Finds the request in the server's log"`
	Size      *int64        `json:"size,omitempty" doc:"Of stdin now, where an append did not fit"`
}

// ProblemType is the type URI of a kind.
func ProblemType(k glovebox.Kind) string { return "urn:glovebox:problem:" + string(k) }

// Version says what answers.
type Version struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	API     string `json:"api" example:"v1"`
}

// ErrorKind is a row of the table of error kinds.
type ErrorKind struct {
	Kind   glovebox.Kind   `json:"kind"`
	Type   string          `json:"type"`
	Status int             `json:"status" doc:"HTTP status"`
	Exit   int             `json:"exit" doc:"Exit code of the CLI"`
	Title  string          `json:"title"`
	Reason glovebox.Reason `json:"reason,omitempty" doc:"Reason of a job that fails of it"`
}

// ErrorKinds is the answer of GET /v1/errors.
type ErrorKinds struct {
	Errors []ErrorKind `json:"errors" nullable:"false"`
}

// Stdin is the answer of an append to a job's stdin.
type Stdin struct {
	Size   int64 `json:"size" doc:"Bytes there now: the offset of the next append"`
	Closed bool  `json:"closed" doc:"No more can follow"`
}

// Health is the answer of GET /healthz.
type Health struct {
	Status string `json:"status" enum:"ok"`
}
