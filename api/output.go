package api

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"glovebox"
	"glovebox/output"
)

// output answers with raw bytes of one stream. Without follow it is what there
// is now, with its length and the next offset in the headers; with follow it
// goes on until the stream is complete and says the same in trailers.
func (h *handler) output(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"stream", "offset", "follow", "limit"})
	s := output.Stream(q.oneOf("stream", string(output.Stdout), string(output.Stderr), string(output.Events)))
	offset := q.number("offset", 0, 0, math.MaxInt64)
	limit := q.number("limit", math.MaxInt64, 0, math.MaxInt64)
	follow := q.flag("follow")
	if err := q.err(); err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	body := &body{w: w, control: http.NewResponseController(w), left: limit, flush: follow}
	if follow {
		return h.followOutput(w, r, job, s, offset, body)
	}
	return h.presentOutput(w, r, job, s, offset, body)
}

// presentOutput sends the bytes that are there now.
func (h *handler) presentOutput(w http.ResponseWriter, r *http.Request, job glovebox.Job, s output.Stream, offset int64, body *body) error {
	size := streamSize(job, s)
	if offset > size {
		return glovebox.Errorf(glovebox.KindInvalid, "offset %d is past the end at %d", offset, size).On("offset").Try("at most %d", size)
	}
	n := min(size-offset, body.left)
	body.left = n
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	w.Header().Set(headerNextOffset, strconv.FormatInt(offset+n, 10))
	w.Header().Set(headerTruncated, strconv.FormatBool(job.Output.Truncated))
	if n == 0 || r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	t := tail{logs: h.Logs, job: job.ID, attempt: job.Attempt, stream: s, offset: offset}
	if err := t.read(r.Context(), false, body.write); err != nil && !errors.Is(err, errFull) {
		return err
	}
	return nil
}

func streamSize(job glovebox.Job, s output.Stream) int64 {
	switch {
	case job.Attempt == 0:
		return 0
	case s == output.Stderr:
		return job.Output.Stderr
	case s == output.Events:
		return job.Output.Events
	}
	return job.Output.Stdout
}

// followOutput sends what is there and what comes.
func (h *handler) followOutput(w http.ResponseWriter, r *http.Request, job glovebox.Job, s output.Stream, offset int64, body *body) error {
	w.Header().Set("Trailer", headerNextOffset+", "+headerTruncated)
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if size := streamSize(job, s); offset > size {
		return glovebox.Errorf(glovebox.KindInvalid, "offset %d is past the end at %d", offset, size).On("offset").Try("at most %d", size)
	}
	if err := body.begin(); err != nil {
		return err
	}
	f := follower{service: h.Service, caller: principal(r)}
	t := tail{logs: h.Logs, job: job.ID, stream: s, offset: offset}
	ctx := r.Context()
	for body.left > 0 {
		var err error
		if job, err = f.placed(ctx, job); err != nil {
			return err
		}
		if t.attempt = job.Attempt; t.attempt == 0 {
			break // it ended without ever running
		}
		if err := t.follow(ctx, f.over(ctx, job), body.write); errors.Is(err, errFull) {
			break
		} else if err != nil {
			return err
		}
		if job, err = h.Service.Job(ctx, principal(r), job.ID); err != nil {
			return err
		}
		if job.Attempt == t.attempt || t.offset > 0 {
			break
		} // else it was placed again before it wrote anything
	}
	w.Header().Set(headerNextOffset, strconv.FormatInt(t.offset+body.part, 10))
	w.Header().Set(headerTruncated, strconv.FormatBool(job.Output.Truncated))
	return nil
}

// errFull ends the writing of a body that has reached its limit.
var errFull = errors.New("limit reached")

// body writes pieces of output, each with a deadline of its own.
type body struct {
	w       http.ResponseWriter
	control *http.ResponseController
	left    int64 // may be written still
	part    int64 // of the last piece, if it was cut by the limit
	flush   bool  // after every piece
}

// begin sends the headers at once.
func (b *body) begin() error {
	b.w.WriteHeader(http.StatusOK)
	return b.control.Flush()
}

// write sends p as far as the limit goes; errFull once nothing more may.
func (b *body) write(p []byte) error {
	_ = b.control.SetWriteDeadline(time.Now().Add(pieceTime)) // not every writer has deadlines
	cut := int64(len(p)) > b.left
	if cut {
		p = p[:b.left]
	}
	if len(p) > 0 {
		if _, err := b.w.Write(p); err != nil {
			return err
		}
		if b.flush {
			if err := b.control.Flush(); err != nil {
				return err
			}
		}
	}
	b.left -= int64(len(p))
	if b.left == 0 {
		b.part = int64(len(p))
		return errFull
	}
	return nil
}
