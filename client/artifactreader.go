package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"glovebox"
)

// Artifact reads a file that a job has left, as Artifacts lists it, from offset
// on, and goes on after breaks. Whoever reads must see for themselves that the
// bytes are those of the digest. KindNotFound; KindConflict if the server has
// another file there; KindRange for an offset that is not below the size.
func (c *Client) Artifact(ctx context.Context, id string, a Artifact, offset int64) (io.ReadCloser, error) {
	path, err := jobPath(id, "/artifacts/file")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &artifactReader{client: c, ctx: ctx, cancel: cancel, trier: c.trier(ctx), offset: offset, size: a.Size,
		request: get(path, url.Values{"path": {a.Path}}).with("If-Range", `"`+a.Digest+`"`)}
	if err := c.patiently(ctx, r.open); err != nil {
		cancel()
		return nil, err
	}
	return r, nil
}

// artifactReader reads an answer's body and, when the connection breaks, asks for
// the rest.
type artifactReader struct {
	client  *Client
	ctx     context.Context
	cancel  context.CancelFunc
	trier   *trier
	request request
	offset  int64 // of the next byte
	size    int64

	opened time.Time

	mu   sync.Mutex // Close may come from another goroutine
	body io.ReadCloser
}

func (r *artifactReader) open() error {
	req, want := r.request, http.StatusOK
	if r.offset > 0 {
		req, want = req.with("Range", fmt.Sprintf("bytes=%d-", r.offset)), http.StatusPartialContent
	}
	resp, err := r.client.send(r.ctx, req)
	if err != nil {
		return err
	}
	if resp.StatusCode != want {
		resp.Body.Close()
		return glovebox.Errorf(glovebox.KindConflict, "the file is not the one that was read so far").Try("get it from its beginning")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.body, r.opened = resp.Body, time.Now()
	return nil
}

// Read implements io.Reader.
func (r *artifactReader) Read(p []byte) (int, error) {
	for len(p) > 0 {
		n, err := r.body.Read(p)
		if n > 0 {
			r.offset += int64(n)
			r.trier.progressed()
			return n, nil // an error comes again
		}
		if err == io.EOF && r.offset >= r.size {
			return 0, io.EOF
		}
		if err == nil {
			continue
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err := r.resume(err); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// resume asks for the rest after the connection broke.
func (r *artifactReader) resume(err error) error {
	r.body.Close()
	r.trier.lasted(r.opened)
	err = r.client.transportError(r.ctx, err)
	for err != nil {
		if err = r.trier.again(err); err != nil {
			return err
		}
		err = r.open()
	}
	return nil
}

// Close ends the reading, also one that is waiting.
func (r *artifactReader) Close() error {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.body.Close()
}
