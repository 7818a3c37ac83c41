package wire

// Stream is one of the byte streams that a job writes.
type Stream string

// The streams.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
	Events Stream = "events" // a line of JSON each
)

// EventType tells the events of a job apart; it is the "event:" line.
type EventType string

// The types. A stream's events end when the job's output is complete and the
// job is over; the last event is "end", with the job as it is then.
const (
	EventJob    EventType = "job"
	EventStdout EventType = "stdout"
	EventStderr EventType = "stderr"
	EventEnd    EventType = "end"
	EventError  EventType = "error" // the stream broke off; a Problem says why
)

// The types of events of a pull: how far it is, and then what became of it.
const (
	EventProgress EventType = "progress" // a PullProgress
	EventImage    EventType = "image"    // an Image; the last
)

// Data is the data of a stdout or stderr event: bytes, and where in the stream
// they stand.
type Data struct {
	Offset int64  `json:"offset"`
	Data   []byte `json:"data" doc:"Base64"`
}

// Event is one event of a job. ID resumes after it, as Last-Event-ID.
type Event struct {
	ID   string
	Type EventType
	Job  *Job // of job and end events
	Data Data // of stdout and stderr events
}

// Until is what to wait for.
type Until string

// Things to wait for. Ended is the moment the result is known; Sealed is when
// its output and artifacts are durable and complete; Archived is when, besides,
// nothing of the job is left.
const (
	Ended    Until = "ended"
	Sealed   Until = "sealed"
	Archived Until = "archived"
)
