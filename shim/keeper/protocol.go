package keeper

// Protocol is the version of requests and answers. Another program may take
// the shim over if it speaks the same one, whatever else differs.
const Protocol = 2

// request is what a caller wants. Fields that do not belong to Do are empty.
type request struct {
	Do   string   `json:"do"`
	Keep []string `json:"keep,omitempty"` // ids of sandboxes

	Foreign []Foreign `json:"foreign,omitempty"`
}

// State is what the shim has.
type State struct {
	Protocol   int       `json:"protocol"`
	PID        int       `json:"pid"`
	Root       string    `json:"root"`
	Unattended bool      `json:"unattended"`
	Sandboxes  []Sandbox `json:"sandboxes"`
}

// Sandbox is one of them: Status is "created", "running" or "stopped".
type Sandbox struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// refusal is the answer to what cannot be done.
type refusal struct {
	Error string `json:"error"`
}
