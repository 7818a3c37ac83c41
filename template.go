package glovebox

import "time"

// WarmTemplate is a template that somebody has made, for all nodes and all
// tenants: whose job runs the same image may take a sandbox that is parked for
// it, since there is nothing of anybody in one. It never changes; another one
// is made under another name, or after it was removed.
type WarmTemplate struct {
	Name        string `json:"name"`                  // a DNS label, unique in the installation
	Image       string `json:"image"`                 // normalized, as it was named
	Digest      string `json:"digest"`                // that it stood for then
	Interpreter string `json:"interpreter,omitempty"` // one of Interpreters; "" = none is started ahead
	Min         int    `json:"min"`                   // parked on each node at least, as far as its memory goes
	Max         int    `json:"max"`                   // and at most; 0 = DefaultTemplateMax

	// Snapshot names the saved sandbox that copies are parked of; "" = none.
	// Such a template is for its tenant alone, and only for jobs that name it
	// (Spec.Template): what they run is the program that was saved.
	Snapshot string `json:"snapshot,omitempty"`
	Saved    Saved  `json:"saved,omitzero"` // what is to be known of it

	Tenant  string    `json:"tenant"`    // of who made it, whose name for the image it is
	By      string    `json:"createdBy"` // Principal.Name
	Created time.Time `json:"createdAt"`
}

// Saved is what jobs of a template with a snapshot have in common with the job
// that was saved.
type Saved struct {
	Node   string `json:"node"`           // that has it, the only one
	Job    string `json:"jobID"`          // that was saved
	Bytes  int64  `json:"bytes"`          // its files
	Digest string `json:"digest"`         // Snapshot.Digest
	User   string `json:"user,omitempty"` // the same for all of them
	Stdin  bool   `json:"stdin"`          // it had one; else none of them can
	// Limits are those of jobs that name none. Disk, Inodes and Files are the
	// same for all of them.
	Limits Limits `json:"limits"`
}

// Bounds of templates.
const (
	MaxTemplates       = 63   // besides the generic one
	MaxParked          = 4096 // sandboxes parked for one template on a node
	DefaultTemplateMax = 8
)

// The interpreters that can be started ahead.
const (
	InterpreterPython = "python3"
	InterpreterNode   = "node"
)

// Interpreters lists them.
func Interpreters() []string { return []string{InterpreterPython, InterpreterNode} }

// Complete checks what a caller has said of a template and fills in the
// defaults. KindInvalid on "name", "image", "interpreter", "min" or "max".
func (t WarmTemplate) Complete() (WarmTemplate, error) {
	if !isLabel(t.Name) || t.Name == PoolGeneric || t.Name == PoolNetwork {
		return t, Errorf(KindInvalid, "%.80q cannot be a template's name", t.Name).On("name").
			Try("use 1 to 63 of a-z, 0-9 and '-', with no '-' at either end; %q and %q are taken", PoolGeneric, PoolNetwork)
	}
	if t.Image == "" || len(t.Image) > MaxImageName {
		return t, Errorf(KindInvalid, "an image is needed").On("image").Try("name one that is here, such as python:3.12")
	}
	if t.Interpreter != "" && t.Interpreter != InterpreterPython && t.Interpreter != InterpreterNode {
		return t, Errorf(KindInvalid, "interpreter %.80q cannot be started ahead", t.Interpreter).On("interpreter").
			Try("use %s or %s, or leave it out", InterpreterPython, InterpreterNode)
	}
	if t.Min < 0 || t.Min > MaxParked {
		return t, Errorf(KindInvalid, "%d sandboxes cannot be parked", t.Min).On("min").Try("use 0 to %d", MaxParked)
	}
	if t.Max == 0 {
		t.Max = max(DefaultTemplateMax, t.Min)
	}
	if t.Max < t.Min || t.Max > MaxParked {
		return t, Errorf(KindInvalid, "at most %d sandboxes, and at least %d", t.Max, t.Min).On("max").Try("use %d to %d", max(t.Min, 1), MaxParked)
	}
	if t.Snapshot != "" && t.Interpreter != "" {
		return t, Errorf(KindInvalid, "what was saved runs already, so no interpreter is started").On("interpreter").Try("leave it out")
	}
	t.Created = t.Created.UTC()
	return t, nil
}

// isLabel says whether s is a DNS label.
func isLabel(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
