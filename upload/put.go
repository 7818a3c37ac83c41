package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"

	"glovebox"
)

// tries is how often a document is read again that somebody else has changed.
const tries = 10

// Put keeps a tenant's file, durably, and returns what it is named by. A file
// that is here already is kept for longer. KindTooLarge, KindTooMany if the
// tenant has too much, and the error of body as it is.
func (r *Registry) Put(ctx context.Context, tenant string, body io.Reader) (File, error) {
	f, digest, size, err := r.receive(body)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	for range tries {
		e, err := r.claim(ctx, tenant, digest, size)
		if err == nil && e.State == coming {
			e, err = r.store(ctx, tenant, digest, e, f)
		}
		if glovebox.KindOf(err) == glovebox.KindStale {
			continue
		}
		return e.file(digest), err
	}
	return File{}, glovebox.Errorf(glovebox.KindUnavailable, "the file is being changed by others").Try("try again in a moment")
}

// receive takes the bytes into a file that has no name any more.
func (r *Registry) receive(body io.Reader) (f *os.File, digest string, size int64, err error) {
	f, err = os.CreateTemp(r.tmp, "upload-")
	if err != nil {
		return nil, "", 0, glovebox.Errorf(glovebox.KindUnavailable, "make room for the file: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := os.Remove(f.Name()); err != nil {
		return nil, "", 0, glovebox.Errorf(glovebox.KindUnavailable, "make room for the file: %w", err)
	}
	hash := sha256.New()
	size, err = io.Copy(io.MultiWriter(hash, f), io.LimitReader(body, glovebox.MaxInputFileBytes+1))
	switch {
	case errors.As(err, new(*os.PathError)):
		return nil, "", 0, glovebox.Errorf(glovebox.KindUnavailable, "write the file: %w", err).Try("see whether the server's disk is full")
	case err != nil:
		return nil, "", 0, err
	case size > glovebox.MaxInputFileBytes:
		return nil, "", 0, glovebox.Errorf(glovebox.KindTooLarge, "the file has more than %d bytes", glovebox.MaxInputFileBytes).
			Try("bring larger data in on stdin, or put it into the image")
	}
	return f, "sha256:" + hex.EncodeToString(hash.Sum(nil)), size, nil
}

// claim finds the file, or notes that it is coming. KindStale: again.
func (r *Registry) claim(ctx context.Context, tenant, digest string, size int64) (entry, error) {
	e, err := r.find(ctx, tenant, digest)
	if err != nil {
		return entry{}, err
	}
	switch e.State {
	case here:
		return r.renew(ctx, tenant, digest, e)
	case coming:
		return e, nil // somebody is at it, or died over it
	}
	old, counted := e.Blob, e.State == leaving
	e = entry{Size: size, State: coming, Blob: "files/" + tenant + "/" + glovebox.NewID("f"), Used: r.now(), version: e.version}
	writes := []glovebox.Write{e.write(tenant, digest)}
	if !counted {
		w, err := r.count(ctx, tenant, 1, size)
		if err != nil {
			return entry{}, err
		}
		writes = append(writes, w)
	}
	if err := r.records.Commit(ctx, writes); err != nil {
		return entry{}, err
	}
	e.version++
	if old != "" { // nobody can find it any more
		return e, r.blobs.Delete(ctx, old)
	}
	return e, nil
}

// store brings the bytes of a file that is coming to where they belong.
func (r *Registry) store(ctx context.Context, tenant, digest string, e entry, f *os.File) (entry, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return entry{}, glovebox.Errorf(glovebox.KindUnavailable, "read the file: %w", err)
	}
	_, err := r.blobs.Put(ctx, e.Blob, f)
	if err != nil && glovebox.KindOf(err) != glovebox.KindConflict { // a conflict is that all of it is there
		return entry{}, err
	}
	e.State, e.Used = here, r.now()
	if err := r.records.Commit(ctx, []glovebox.Write{e.write(tenant, digest)}); err != nil {
		return entry{}, err
	}
	return e, nil
}

// renew notes a use, if the last one is a while ago.
func (r *Registry) renew(ctx context.Context, tenant, digest string, e entry) (entry, error) {
	now := r.now()
	if now.Sub(e.Used) < renewAfter {
		return e, nil
	}
	e.Used = now
	w := e.write(tenant, digest)
	e.version++
	return e, r.records.Commit(ctx, []glovebox.Write{w})
}

// sum is the document of how much a tenant has.
type sum struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// count is the write that changes a tenant's sum. KindTooMany if that would be
// too much.
func (r *Registry) count(ctx context.Context, tenant string, files int, bytes int64) (glovebox.Write, error) {
	var s sum
	rec, err := r.records.Record(ctx, kindSum, tenant)
	switch {
	case glovebox.KindOf(err) == glovebox.KindNotFound:
	case err != nil:
		return glovebox.Write{}, err
	case json.Unmarshal(rec.Value, &s) != nil:
		return glovebox.Write{}, glovebox.Errorf(glovebox.KindInternal, "the sum of uploaded files cannot be read")
	}
	s.Files, s.Bytes = s.Files+files, s.Bytes+bytes
	if files > 0 && (s.Files > r.maxFiles || s.Bytes > r.maxBytes) {
		return glovebox.Write{}, glovebox.Errorf(glovebox.KindTooMany, "the tenant has %d uploaded files of %d bytes, and may have %d of %d",
			s.Files-files, s.Bytes-bytes, r.maxFiles, r.maxBytes).Try("wait: a file goes %s after it was used last", KeepTime)
	}
	value, _ := json.Marshal(s) // two numbers
	return glovebox.Write{Kind: kindSum, Key: tenant, Value: value, If: rec.Version}, nil
}
