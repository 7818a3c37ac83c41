package campaign

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// as is the header by which a node proves who it is.
const as = "X-Node"

var errRefused = errors.New("connection refused")

// line is a node's connection to its control: requests are handled by whatever
// process that is when they come, and break when it dies.
type line struct{ n *node }

// RoundTrip implements http.RoundTripper.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	at, sent := r.Context().Value(addressee{}).(*life)
	if !sent {
		at = l.n.control.serving()
	}
	if at == nil || at.process.Dead() {
		return nil, errRefused
	}
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(at.ctx, cancel)
	body, into := io.Pipe()
	reply := &reply{header: http.Header{}, into: into, begun: make(chan struct{})}
	req := r.Clone(ctx)
	req.Proto, req.ProtoMajor, req.ProtoMinor, req.RequestURI = "HTTP/2.0", 2, 0, r.URL.RequestURI()
	req.Header.Set(as, l.n.name)
	if req.Body == nil {
		req.Body = http.NoBody
	}
	l.n.w.lives.Go(func() {
		defer cancel()
		defer stop()
		at.handler.ServeHTTP(reply, req)
		reply.WriteHeader(http.StatusOK)
		if at.process.Dead() {
			into.CloseWithError(errRefused)
		} else {
			into.Close()
		}
		req.Body.Close()
	})
	select {
	case <-reply.begun:
	case <-ctx.Done():
		body.CloseWithError(errRefused)
		if r.Context().Err() != nil {
			return nil, r.Context().Err()
		}
		return nil, errRefused
	}
	// Who waits for more is not kept waiting by a dead process.
	context.AfterFunc(ctx, func() { into.CloseWithError(errRefused) })
	return &http.Response{
		Status: http.StatusText(reply.status), StatusCode: reply.status, Proto: "HTTP/2.0", ProtoMajor: 2, Header: reply.header,
		Body: &ending{body, cancel}, ContentLength: -1, Request: r,
	}, nil
}

// ending tells the handler when nobody reads any more.
type ending struct {
	*io.PipeReader
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (e *ending) Close() error {
	e.cancel()
	return e.PipeReader.Close()
}

// reply is an http.ResponseWriter into a pipe.
type reply struct {
	header http.Header // as it was when the reply began
	own    http.Header
	into   *io.PipeWriter
	once   sync.Once
	status int
	begun  chan struct{}
}

// Header implements http.ResponseWriter.
func (r *reply) Header() http.Header {
	if r.own == nil {
		r.own = http.Header{}
	}
	return r.own
}

// WriteHeader implements http.ResponseWriter.
func (r *reply) WriteHeader(status int) {
	r.once.Do(func() {
		r.header, r.status = r.Header().Clone(), status
		close(r.begun)
	})
}

// Write implements io.Writer.
func (r *reply) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.into.Write(p)
}

// Flush implements http.Flusher.
func (r *reply) Flush() { r.WriteHeader(http.StatusOK) }
