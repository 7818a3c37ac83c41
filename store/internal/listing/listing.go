// Package listing holds what every store's ListJobs has in common: the order,
// the size of a page, and the cursor that names a place between two jobs.
package listing

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"

	"glovebox"
	"glovebox/store/internal/record"
)

// Position is a job's place in a list, which runs from the newest to the
// oldest; jobs of one instant follow each other by descending id.
type Position struct {
	Created int64 // record.Nanos of Job.CreatedAt
	ID      string
}

// Of returns a job's place.
func Of(job glovebox.Job) Position {
	return Position{Created: record.Nanos(job.CreatedAt), ID: job.ID}
}

// Before says whether p is listed before q.
func (p Position) Before(q Position) bool {
	if p.Created != q.Created {
		return p.Created > q.Created
	}
	return p.ID > q.ID
}

// Page is what a filter asks for: up to Limit jobs that follow After, or the
// first ones if After is nil.
type Page struct {
	Limit int
	After *Position
}

const (
	defaultLimit = 100
	maxLimit     = 1000
	maxCursor    = 1 << 10
	checkLen     = 8
)

// Parse checks a filter. KindInvalid on "tenant", "limit" or "cursor".
func Parse(f glovebox.JobFilter) (Page, error) {
	if f.Tenant == "" {
		return Page{}, glovebox.Errorf(glovebox.KindInvalid, "a list needs a tenant").On("tenant")
	}
	if f.Limit < 0 || f.Limit > maxLimit {
		return Page{}, glovebox.Errorf(glovebox.KindInvalid, "%d is not between 1 and %d", f.Limit, maxLimit).On("limit")
	}
	p := Page{Limit: f.Limit}
	if p.Limit == 0 {
		p.Limit = defaultLimit
	}
	if f.Cursor == "" {
		return p, nil
	}
	after, ok := parseCursor(f.Tenant, f.Cursor)
	if !ok {
		return Page{}, glovebox.Errorf(glovebox.KindInvalid, "not a cursor of this list").On("cursor").
			Try("start again without a cursor")
	}
	p.After = &after
	return p, nil
}

// Cursor names the place after last in a tenant's list.
func Cursor(tenant string, last Position) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(last.Created))
	b = append(b, last.ID...)
	return base64.RawURLEncoding.EncodeToString(append(check(tenant, b), b...))
}

func parseCursor(tenant, s string) (Position, bool) {
	if len(s) > maxCursor {
		return Position{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) <= checkLen+8 {
		return Position{}, false
	}
	sum, b := b[:checkLen], b[checkLen:]
	if subtle.ConstantTimeCompare(sum, check(tenant, b)) != 1 {
		return Position{}, false
	}
	return Position{Created: int64(binary.BigEndian.Uint64(b)), ID: string(b[8:])}, true
}

// check catches cursors that were cut, mistyped, or taken from another
// tenant's list. It is no secret: a forged place shows nothing that the list
// without a cursor would not.
func check(tenant string, place []byte) []byte {
	h := sha256.New()
	h.Write([]byte("glovebox job cursor 1\x00" + tenant + "\x00"))
	h.Write(place)
	return h.Sum(nil)[:checkLen]
}
