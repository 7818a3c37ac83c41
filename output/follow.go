package output

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"glovebox"
)

// A reader that waits looks at the blob this often even if nobody woke it,
// because another replica may be the one that appends. It looks less and less
// often while nothing comes.
const (
	pollFirst = 50 * time.Millisecond
	pollLast  = 2 * time.Second
)

// Follow reads a stream from offset. With follow it waits for more until the
// stream is sealed; without, it ends at the size of the moment. ctx bounds the
// whole reading: when it ends, Read returns its error. An offset past the end
// is KindInvalid. The reader is for one goroutine and implements io.WriterTo.
func (l *Logs) Follow(ctx context.Context, job string, attempt int, s Stream, offset int64, follow bool) (io.ReadCloser, error) {
	if err := check(attempt, s); err != nil {
		return nil, err
	}
	key := Key(job, attempt, s)
	info, err := l.stat(ctx, key)
	if err != nil {
		return nil, err
	}
	if offset < 0 || offset > info.Size {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "offset %d is past the end at %d", offset, info.Size).On("offset")
	}
	r := &reader{logs: l, ctx: ctx, key: key, offset: offset, end: info.Size, sealed: info.Sealed, follow: follow}
	if follow && !info.Sealed {
		r.topic = l.hub.join(key)
	}
	return r, nil
}

// reader reads a blob piece by piece: what is there, then what came meanwhile.
type reader struct {
	logs   *Logs
	ctx    context.Context
	key    string
	topic  *topic // nil if it never waits
	follow bool

	offset int64 // of the next byte
	end    int64 // size when last looked at
	sealed bool
	piece  io.ReadCloser // open from offset to some size ≥ end, or nil
}

// Read returns what there is, waiting for the first byte if it has to.
func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if err := r.ready(); err != nil {
			return 0, err
		}
		if !r.follow && int64(len(p)) > r.end-r.offset {
			p = p[:r.end-r.offset]
		}
		n, err := r.piece.Read(p)
		r.offset += int64(n)
		if err != nil {
			r.piece.Close()
			r.piece = nil
			if err != io.EOF {
				return n, err
			}
			if n == 0 && r.offset < r.end {
				return 0, io.ErrUnexpectedEOF // shorter than it was: waiting will not help
			}
		}
		if n > 0 {
			return n, nil
		}
	}
}

// ready returns once a piece with unread bytes is open, io.EOF when there will
// be none.
func (r *reader) ready() error {
	if r.piece != nil && r.offset < r.end {
		return nil
	}
	for r.offset >= r.end {
		if r.sealed || !r.follow {
			return io.EOF
		}
		if err := r.wait(); err != nil {
			return err
		}
	}
	if r.piece != nil {
		r.piece.Close()
	}
	var err error
	r.piece, err = r.logs.blobs.Open(r.ctx, r.key, r.offset)
	return err
}

// wait looks at the blob until it has grown or is sealed.
func (r *reader) wait() error {
	for poll := pollFirst; ; poll = min(2*poll, pollLast) {
		grown, ended := r.logs.hub.next(r.topic)
		info, err := r.logs.stat(r.ctx, r.key)
		if err != nil {
			return err
		}
		if info.Size < r.offset {
			return glovebox.Errorf(glovebox.KindNotFound, "the output has been deleted")
		}
		if info.Size > r.offset || info.Sealed || ended {
			r.end, r.sealed = info.Size, info.Sealed || ended
			return nil
		}
		timer := time.NewTimer(poll)
		select {
		case <-grown:
			timer.Stop()
		case <-timer.C:
		case <-r.ctx.Done():
			timer.Stop()
			return context.Cause(r.ctx)
		}
	}
}

// Close releases what the reader holds.
func (r *reader) Close() error {
	var err error
	if r.piece != nil {
		err = r.piece.Close()
		r.piece = nil
	}
	if r.topic != nil {
		r.logs.hub.leave(r.key, r.topic)
		r.topic = nil
		r.follow = false
	}
	return err
}

// copyBuffer is large enough that system calls do not show, and small enough
// that a thousand readers fit.
const copyBuffer = 256 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}

// WriteTo writes everything to w, each piece as soon as it is there.
func (r *reader) WriteTo(w io.Writer) (written int64, err error) {
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
		if errors.Is(err, io.EOF) {
			return written, nil
		}
		if err != nil {
			return written, err
		}
	}
}
