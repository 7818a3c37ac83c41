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

// VerifyChain checks a run of one tenant's events, in order of Seq and without
// gaps, such as AuditEvents returns for a filter of nothing but Tenant and
// After. The error, KindInvalid, names the first event that was changed, or
// before which one was removed, inserted or moved. What a run cannot show is
// what is missing before its first event, unless that is the chain's first
// (Seq 1), and after its last: for that, compare with a Seq and Hash that were
// noted elsewhere.
func VerifyChain(events []AuditEvent) error {
	for i, e := range events {
		var wrong string
		switch year := e.At.UTC().Year(); {
		case year < 0 || year > 9999 || e.Hash != e.Sum(): // another year has no JSON form
			wrong = "was changed"
		case e.Seq < 1 || (e.Seq == 1) != (e.Prev == ""):
			wrong = "is not in its place"
		case i > 0 && e.Tenant != events[i-1].Tenant:
			wrong = "is of another tenant than the one before"
		case i > 0 && (e.Seq != events[i-1].Seq+1 || e.Prev != events[i-1].Hash):
			wrong = "does not follow the one before"
		}
		if wrong != "" {
			return Errorf(KindInvalid, "audit event %d of %q %s", e.Seq, e.Tenant, wrong).On("events[" + itoa(i) + "]")
		}
	}
	return nil
}

// Audit reads the chain. Events are appended by Records.Commit and by the jobs'
// writes, in the same transaction as what they tell of and in the order given.
// The store gives Seq, Prev and Hash, whatever the caller has set; events of
// writes at the same time get their places in one order, without a gap.
//
// KindInvalid, with "event.tenant", "event.action" or "event.at" as Field, for
// an event without a Tenant (or of AnyTenant), without an Action, or whose At
// is not set or outside the years 1678 to 2261; KindTooLarge for more than 50
// with one write, or one over 16 KiB in JSON. Bytes that are not UTF-8 become
// U+FFFD.
type Audit interface {
	// AuditEvents returns a page of a tenant's events in order of Seq, from
	// after the given one on, or in the opposite order, from before it on.
	// KindInvalid on "tenant", "after", "before", "newest" or "limit" for a
	// filter that cannot be.
	AuditEvents(ctx context.Context, filter AuditFilter) ([]AuditEvent, error)
}

// AuditFilter picks events. Zero fields match everything but Tenant, which must
// be set (or AnyTenant: by tenant, then Seq; After, Before and Newest are then
// not allowed).
type AuditFilter struct {
	Tenant string
	Actor  string
	Action string
	Target string
	Since  time.Time // at or after
	Until  time.Time // before
	After  int64     // only events with a higher Seq
	Before int64     // only events with a lower Seq; 0 = no bound
	Newest bool      // highest Seq first
	Limit  int       // 1–1000; 0 = 100
}
