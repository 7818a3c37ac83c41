package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// Files keeps what tenants hand over for their jobs: an *upload.Registry, with
// its File in the words of the wire.
type Files interface {
	// Put keeps a file durably, and for longer if it is here already.
	// KindTooLarge; KindTooMany; the error of body as it is.
	Put(ctx context.Context, tenant string, body io.Reader) (wire.File, error)
	// Get returns what is known of a file; KindNotFound, also for another
	// tenant's.
	Get(ctx context.Context, tenant, digest string) (wire.File, error)
}

// putFile keeps the body, as it comes.
func (h *handler) putFile(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	if err := wantType(r, "application/octet-stream"); err != nil {
		return err
	}
	if r.ContentLength > glovebox.MaxInputFileBytes {
		return glovebox.Errorf(glovebox.KindTooLarge, "the file has %d bytes", r.ContentLength).
			Try("at most %d; bring larger data in on stdin, or put it into the image", glovebox.MaxInputFileBytes)
	}
	control := http.NewResponseController(w)
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	f, err := h.Files.Put(r.Context(), principal(r).Tenant, &paced{body: r.Body, control: control})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/files/"+f.Digest)
	return writeJSON(w, http.StatusOK, f)
}

// file says whether the caller's tenant has a file.
func (h *handler) file(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	unknown := glovebox.Errorf(glovebox.KindNotFound, "there is no such file").Try("upload it by POST /v1/files")
	digest := r.PathValue("digest")
	if !glovebox.IsDigest(digest) {
		return unknown
	}
	f, err := h.Files.Get(r.Context(), principal(r).Tenant, digest)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return unknown // in one wording
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, f)
}
