package glovebox

import (
	"context"
	"time"
)

// Records keeps small documents for packages with nouns of their own: people,
// passkeys, sessions, challenges, invitations. A document has a kind, a key
// within the kind and a version; what is in it is its owner's business. It is
// made so that one table of a key-value service can hold it.
//
// All writes go through Commit, which applies several of them and the audit
// events that belong to them, or nothing.
type Records interface {
	// Record returns one document; KindNotFound. Expiry is not looked at: what
	// is past its time may or may not be there, and the caller decides by its
	// own clock.
	Record(ctx context.Context, kind, key string) (Record, error)

	// ListRecords returns up to limit (1–1000) documents of a kind whose keys
	// begin with prefix and come after the key `after`, in byte order of keys.
	// KindInvalid on "limit".
	ListRecords(ctx context.Context, kind, prefix, after string, limit int) ([]Record, error)

	// Commit applies all writes and appends all events, or does nothing. It is
	// durable unless every write is Lazy and there is no event.
	// KindStale, with the write's "kind/key" as Field, if a condition does not
	// hold; KindInvalid, with the same Field, for a write that cannot be: a bad
	// kind, key, Expires or If, or a second one of the same document;
	// KindTooLarge for more than 50 writes and events together or a value over
	// 256 KiB; and what Audit says of events. Two commits of which each would
	// break the other's condition never both succeed.
	Commit(ctx context.Context, writes []Write, events ...AuditEvent) error

	// PurgeRecords removes up to limit documents whose Expires is set and
	// before now, the longest expired first, and returns how many. It is
	// garbage collection: nothing may depend on it.
	PurgeRecords(ctx context.Context, now time.Time, limit int) (int, error)
}

// Record is a stored document.
type Record struct {
	Kind, Key string
	Version   int64     // 1 when created, one more with each write
	Value     []byte    // never nil
	Expires   time.Time // zero: never
}

// Write is one conditional change of a document.
type Write struct {
	Kind, Key string    // [a-z0-9_]+; 1–512 bytes of valid UTF-8 without NUL
	Value     []byte    // nil deletes; empty does not
	Expires   time.Time // zero: never; otherwise between the years 1678 and 2261

	// If is the version that the document must have now: IfAbsent, a version,
	// or IfAny. A delete of an absent document with IfAny is fine; with
	// IfAbsent it changes nothing and is there for its condition.
	If int64

	// Lazy says that the write may be lost in a power cut, though not by the
	// death of the process: it is about a time that is over after a restart of
	// the machine.
	Lazy bool
}

// Conditions of a Write.
const (
	IfAbsent int64 = 0
	IfAny    int64 = -1
)
