package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"glovebox"
)

// Output reads a stream of a job's output, byte for byte. With Follow it ends
// when the output is complete. The reader implements io.WriterTo; use io.Copy.
// It holds a connection until it is closed.
func (c *Client) Output(ctx context.Context, id string, s Stream, o OutputOptions) (io.ReadCloser, error) {
	path, err := jobPath(id, "/output")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &outputReader{client: c, ctx: ctx, cancel: cancel, path: path, stream: s, offset: o.Offset, follow: o.Follow, limit: o.Limit}
	r.trier = c.trier(ctx)
	if err := c.patiently(ctx, r.open); err != nil {
		cancel()
		return nil, err
	}
	return r, nil
}

// outputReader reads an answer's body and, when the connection breaks, asks
// for the rest.
type outputReader struct {
	client *Client
	ctx    context.Context
	cancel context.CancelFunc
	trier  *trier

	path   string
	stream Stream
	follow bool
	offset int64 // of the next byte
	limit  int64 // bytes still wanted; 0 means all
	ended  bool  // by the limit

	opened  time.Time // when the connection that is read was made
	attempt int       // whose bytes these are; 0 = not known
	again   bool      // another attempt follows

	mu     sync.Mutex // Close may come from another goroutine
	body   io.ReadCloser
	header http.Header // that come after the body
}

// Again says of what Client.Output returned, at its end, whether the attempt that
// was read is followed by another, so that the output begins anew: ask for it
// again, from its beginning.
func Again(r io.Reader) bool {
	o, ok := r.(*outputReader)
	return ok && o.again
}

func (r *outputReader) open() error {
	q := url.Values{"stream": {string(r.stream)}, "offset": {strconv.FormatInt(r.offset, 10)}}
	if r.follow {
		q.Set("follow", "true")
	}
	if r.limit > 0 {
		q.Set("limit", strconv.FormatInt(r.limit, 10))
	}
	if r.attempt > 0 {
		q.Set("attempt", strconv.Itoa(r.attempt))
	}
	resp, err := r.client.send(r.ctx, request{method: http.MethodGet, path: r.path, query: q})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.body, r.opened, r.header = resp.Body, time.Now(), nil
	if r.follow {
		r.header = resp.Trailer
		r.attempt, _ = strconv.Atoi(resp.Header.Get("Glovebox-Attempt")) // an older server tells of none
	}
	return nil
}

// Read implements io.Reader.
func (r *outputReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if r.ended {
			return 0, io.EOF
		}
		n, err := r.body.Read(p)
		if n > 0 {
			r.advance(int64(n))
			if err != io.EOF {
				err = nil // if it was one, it comes again
			}
			return n, err
		}
		if err == io.EOF {
			r.again = r.header.Get("Glovebox-Again") == "true"
			return 0, io.EOF
		}
		if err == nil {
			continue
		}
		if err := r.resume(err); overtaken(err) {
			r.again, r.ended = true, true
			return 0, io.EOF
		} else if err != nil {
			return 0, err
		}
	}
}

func (r *outputReader) advance(n int64) {
	r.offset += n
	r.trier.progressed()
	if r.limit > 0 {
		r.limit -= n
		r.ended = r.limit == 0
	}
}

// overtaken says whether the attempt that was read is over, and the job is run
// again.
func overtaken(err error) bool {
	return glovebox.KindOf(err) == glovebox.KindConflict && glovebox.AsError(err).Field == "attempt"
}

// resume asks for the rest after the connection broke.
func (r *outputReader) resume(err error) error {
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

const copyBuffer = 256 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}

// WriteTo implements io.WriterTo with a buffer that suits much output.
func (r *outputReader) WriteTo(w io.Writer) (written int64, err error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := r.Read(*buf)
		if n > 0 {
			m, werr := w.Write((*buf)[:n])
			written += int64(m)
			if werr != nil {
				return written, werr
			}
		}
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
	}
}

// Close ends the reading, also one that is waiting.
func (r *outputReader) Close() error {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.body.Close()
}
