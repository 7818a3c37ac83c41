package record

import (
	"strings"
	"time"
	"unicode/utf8"

	"glovebox"
)

// What one commit may hold. A transaction of a key-value service takes no more.
const (
	maxCommit = 50
	maxValue  = 256 << 10
	maxKey    = 512
)

// Writes checks the writes of a commit and returns copies of them that share
// nothing with the caller, with times as they will be read back.
func Writes(writes []glovebox.Write, events int) ([]glovebox.Write, error) {
	if n := len(writes) + events; n > maxCommit {
		return nil, glovebox.Errorf(glovebox.KindTooLarge, "%d writes and events, and %d are the most", n, maxCommit)
	}
	type name struct{ kind, key string }
	seen := map[name]bool{}
	all := make([]glovebox.Write, 0, len(writes))
	for _, w := range writes {
		if err := checkWrite(w); err != nil {
			return nil, err
		}
		if seen[name{w.Kind, w.Key}] {
			return nil, invalidWrite(w, "a document can be written once in a commit")
		}
		seen[name{w.Kind, w.Key}] = true
		if w.Value != nil {
			w.Value = append([]byte{}, w.Value...)
		}
		w.Expires = expiry(w.Expires)
		all = append(all, w)
	}
	return all, nil
}

func checkWrite(w glovebox.Write) error {
	switch {
	case w.Kind == "" || !plain(w.Kind):
		return invalidWrite(w, "a kind is made of a-z, 0-9 and _")
	case w.Key == "" || len(w.Key) > maxKey || !utf8.ValidString(w.Key) || strings.ContainsRune(w.Key, 0):
		return invalidWrite(w, "a key is 1 to 512 bytes of UTF-8 without NUL")
	case w.If < glovebox.IfAny:
		return invalidWrite(w, "there is no such version")
	case checkTime("expires", w.Expires) != nil:
		return invalidWrite(w, "it expires outside the years 1678 to 2261")
	case len(w.Value) > maxValue:
		return glovebox.Errorf(glovebox.KindTooLarge, "%d bytes, and %d are the most", len(w.Value), maxValue).On(DocumentName(w))
	}
	return nil
}

// plain says whether s has nothing but a-z, 0-9 and _.
func plain(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

func invalidWrite(w glovebox.Write, why string) error {
	return glovebox.Errorf(glovebox.KindInvalid, "%s", why).On(DocumentName(w))
}

// DocumentName is what errors call the document of a write.
func DocumentName(w glovebox.Write) string { return w.Kind + "/" + w.Key }

// Stale is the error for a document at a version (0: absent) that a write did
// not expect.
func Stale(w glovebox.Write, version int64) error {
	return glovebox.Errorf(glovebox.KindStale, "the document is at version %d, not %d", version, w.If).
		On(DocumentName(w)).Try("read it again")
}

// NoDocument is the error for a document that is not there.
func NoDocument(kind, key string) error {
	return glovebox.Errorf(glovebox.KindNotFound, "no document %s/%s", kind, key)
}

// CheckLimit refuses what is not between 1 and 1000.
func CheckLimit(limit int) error {
	if limit < 1 || limit > 1000 {
		return glovebox.Errorf(glovebox.KindInvalid, "%d is not between 1 and 1000", limit).On("limit")
	}
	return nil
}

// expiry is a time as every store gives it back.
func expiry(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(0, t.UnixNano()).UTC()
}
