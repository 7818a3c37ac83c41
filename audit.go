package glovebox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// AuditEvent is one grant, use or refusal of power. Events of a tenant form a
// chain: each holds the hash of the one before, so a change or a gap shows.
type AuditEvent struct {
	Tenant string            `json:"tenant"`
	Seq    int64             `json:"seq"` // 1, 2, 3 … within the tenant; given by the store
	At     time.Time         `json:"at"`
	Actor  string            `json:"actor"`            // Principal.Name, or "" where nobody is known
	Action string            `json:"action"`           // such as "session.open", "job.submit", "passkey.remove"
	Target string            `json:"target,omitempty"` // id of what it was done to
	OK     bool              `json:"ok"`               // granted or done; false = refused
	Kind   Kind              `json:"kind,omitempty"`   // of the refusal
	Detail map[string]string `json:"detail,omitempty"` // never a secret, never output
	Prev   string            `json:"prev,omitempty"`   // hash of the event before; "" for the first
	Hash   string            `json:"hash"`             // of everything above
}

// Sum is the hash that the event must carry: hex SHA-256 over its JSON form
// with Hash left empty and At in UTC.
func (e AuditEvent) Sum() string {
	e.Hash, e.At = "", e.At.UTC()
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings, numbers and a time always encode
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Audit reads the chain. Events are appended by Records.Commit and by the jobs'
// writes, in the same transaction as what they tell of.
type Audit interface {
	// AuditEvents returns a page of a tenant's events in order of Seq, from
	// after the given one on.
	AuditEvents(ctx context.Context, filter AuditFilter) ([]AuditEvent, error)
}

// AuditFilter picks events. Zero fields match everything but Tenant, which must
// be set (or AnyTenant: by tenant, then Seq; After is then not allowed).
type AuditFilter struct {
	Tenant string
	Actor  string
	Action string
	Target string
	Since  time.Time // at or after
	Until  time.Time // before
	After  int64     // only events with a higher Seq
	Limit  int       // 1–1000; 0 = 100
}
