// Package wire is what a test and the guest in its virtual machine say to each
// other: lines of JSON, requests one way and events the other.
package wire

// PortName is the name of the serial port that carries the lines.
const PortName = "glovebox.test"

// Request starts a command, or sends a signal to one that was started.
type Request struct {
	ID     uint64   `json:"id"` // chosen by the test, one for each command
	Args   []string `json:"args,omitempty"`
	Stdin  []byte   `json:"stdin,omitempty"`
	Signal int      `json:"signal,omitempty"` // if not 0, nothing is started
}

// Event is something that a command did. The guest sends one with ID 0 when it
// is ready.
type Event struct {
	ID     uint64 `json:"id"`
	Stdout []byte `json:"stdout,omitempty"`
	Stderr []byte `json:"stderr,omitempty"`
	Ended  bool   `json:"ended,omitempty"` // the last event of this command
	Code   int    `json:"code,omitempty"`  // exit code, or 128 plus the signal
	Error  string `json:"error,omitempty"` // why it could not be started
}
