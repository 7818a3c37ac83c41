package wire

import (
	"time"

	"glovebox"
)

// AuditEvent is one grant, use or refusal of power. A tenant's events form a
// chain by their hashes.
type AuditEvent struct {
	Tenant string            `json:"tenant"`
	Seq    int64             `json:"seq" doc:"1, 2, 3 … within the tenant"`
	At     time.Time         `json:"at"`
	Actor  string            `json:"actor" doc:"Empty where nobody is known"`
	Action string            `json:"action" example:"job.submit"`
	Target string            `json:"target,omitempty" doc:"id of what it was done to"`
	OK     bool              `json:"ok" doc:"Granted or done; false = refused"`
	Kind   glovebox.Kind     `json:"kind,omitempty" doc:"Of the refusal"`
	Detail map[string]string `json:"detail,omitempty"`
	Prev   string            `json:"prev,omitempty" doc:"hash of the event before"`
	Hash   string            `json:"hash" doc:"Of everything else"`
}

// AuditPage is a part of the audit log, in order of seq, or newest first.
type AuditPage struct {
	Events []AuditEvent `json:"events" nullable:"false"`
	Next   int64        `json:"next,omitempty" doc:"after of the next page, or before if the order is desc; absent at the end"`
}
