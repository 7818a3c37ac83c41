// Package upload keeps the files that tenants hand over for their jobs. A file
// is named by the digest of its bytes, in its tenant: nobody can tell by anything
// here whether another tenant has the same one.
//
// A file is kept for a while after it was handed over or last named by a new job,
// and as long as a job that is not over names it:
//
//	coming ──bytes are durable──▶ here ──nobody wants it──▶ leaving ──▶ gone
//	   ▲                                                      │
//	   └────────────────── handed over again ─────────────────┘
package upload

import (
	"context"
	"encoding/json"
	"time"

	"glovebox"
)

const (
	// KeepTime is how long a file is kept for jobs to come.
	KeepTime = 24 * time.Hour
	// renewAfter is how old the last use of a file must be to be written down
	// anew, so that a thousand jobs with one file are not a thousand writes.
	renewAfter = time.Hour

	// MaxFiles and MaxBytes bound what one tenant has here at one time.
	MaxFiles = 10_000
	MaxBytes = 1 << 30

	kindFile = "file"     // key TENANT/DIGEST: a file
	kindSum  = "file_sum" // key TENANT: how much it has
)

// File is what is known of a file.
type File struct {
	Digest string
	Size   int64
	Until  time.Time // kept at least so long
}

// Registry keeps files, for every process over the same store and blobs.
type Registry struct {
	records glovebox.Records
	blobs   glovebox.Blobs
	tmp     string
	now     func() time.Time

	maxFiles int
	maxBytes int64
}

// Open returns a registry. What comes in waits in tmp, in files without names;
// the system's folder if it is "".
func Open(records glovebox.Records, blobs glovebox.Blobs, tmp string, now func() time.Time) *Registry {
	return &Registry{records: records, blobs: blobs, tmp: tmp, now: now, maxFiles: MaxFiles, maxBytes: MaxBytes}
}

// state of an entry.
type state string

const (
	coming  state = "coming" // counted; its bytes may be there, or in part
	here    state = "here"
	leaving state = "leaving" // its bytes may be gone
)

// entry is the document of a file.
type entry struct {
	Size  int64     `json:"size"`
	State state     `json:"state"`
	Blob  string    `json:"blob"` // where the bytes are; another with every coming
	Used  time.Time `json:"used"`

	version int64
}

func (e entry) file(digest string) File {
	return File{Digest: digest, Size: e.Size, Until: e.Used.Add(KeepTime)}
}

func fileKey(tenant, digest string) string { return tenant + "/" + digest }

// find returns a document; version is 0 if there is none.
func (r *Registry) find(ctx context.Context, tenant, digest string) (entry, error) {
	rec, err := r.records.Record(ctx, kindFile, fileKey(tenant, digest))
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return entry{}, nil
	}
	if err != nil {
		return entry{}, err
	}
	return parse(rec)
}

func parse(rec glovebox.Record) (entry, error) {
	e := entry{version: rec.Version}
	if err := json.Unmarshal(rec.Value, &e); err != nil {
		return entry{}, glovebox.Errorf(glovebox.KindInternal, "the record of an uploaded file: %w", err)
	}
	return e, nil
}

// write is the write that puts an entry in place of the one that was read.
func (e entry) write(tenant, digest string) glovebox.Write {
	value, _ := json.Marshal(e) // strings, a number and a time
	return glovebox.Write{Kind: kindFile, Key: fileKey(tenant, digest), Value: value, If: e.version}
}

// Get returns a file of a tenant; KindNotFound.
func (r *Registry) Get(ctx context.Context, tenant, digest string) (File, error) {
	e, err := r.find(ctx, tenant, digest)
	if err != nil {
		return File{}, err
	}
	if e.State != here {
		return File{}, glovebox.Errorf(glovebox.KindNotFound, "there is no file %.80s", digest).Try("upload it by POST /v1/files")
	}
	return e.file(digest), nil
}

// ReadFile calls send with a file's bytes from offset on; KindNotFound.
func (r *Registry) ReadFile(ctx context.Context, tenant, digest string, offset int64, send func([]byte) error) error {
	e, err := r.find(ctx, tenant, digest)
	if err != nil {
		return err
	}
	if e.State != here {
		return glovebox.Errorf(glovebox.KindNotFound, "there is no file %.80s", digest)
	}
	b, err := r.blobs.Open(ctx, e.Blob, offset)
	if err != nil {
		return err
	}
	defer b.Close()
	return pieces(b, send)
}
