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
// goes on until the stream is complete and says the same in trailers. An answer
// holds bytes of one attempt alone, which a header names.
func (h *handler) output(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"stream", "offset", "follow", "limit", "attempt"})
	s := output.Stream(q.oneOf("stream", string(output.Stdout), string(output.Stderr), string(output.Events)))
	offset := q.number("offset", 0, 0, math.MaxInt64)
	limit := q.number("limit", math.MaxInt64, 0, math.MaxInt64)
	follow := q.flag("follow")
	attempt := int(q.number("attempt", 0, 1, glovebox.MaxAttempts))
	if err := q.err(); err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	if attempt, err = attemptOf(job, attempt, follow); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set(headerAttempt, strconv.Itoa(attempt))
	body := &body{w: w, control: http.NewResponseController(w), left: limit, flush: follow}
	if follow {
		return h.followOutput(w, r, job, attempt, s, offset, body)
	}
	return h.presentOutput(w, r, job, s, offset, body)
}

// attemptOf is the attempt that an answer is about: the one that is asked for, or
// the present one; of a job that waits to be placed and is followed, the next.
// What an attempt wrote that was followed by another is not to be had.
func attemptOf(job glovebox.Job, asked int, follow bool) (int, error) {
	present, next := job.Attempt, job.Attempt
	if follow && job.Status == glovebox.StatusPending {
		next++
	}
	switch {
	case asked == 0:
		return next, nil
	case asked < present:
		return 0, glovebox.Errorf(glovebox.KindConflict, "attempt %d is over, and the job was run again", asked).On("attempt").
			Try("read attempt %d, from its beginning", present)
	case asked > next:
		return 0, glovebox.Errorf(glovebox.KindInvalid, "there is no attempt %d", asked).On("attempt").Try("at most %d", next)
	}
	return asked, nil
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
func (h *handler) followOutput(w http.ResponseWriter, r *http.Request, job glovebox.Job, attempt int, s output.Stream, offset int64, body *body) error {
	w.Header().Set("Trailer", headerNextOffset+", "+headerTruncated+", "+headerAgain)
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	size := streamSize(job, s)
	if attempt > job.Attempt {
		size = 0
	}
	if offset > size {
		return glovebox.Errorf(glovebox.KindInvalid, "offset %d is past the end at %d", offset, size).On("offset").Try("at most %d", size)
	}
	if err := body.begin(); err != nil {
		return err
	}
	f := follower{service: h.Service, caller: principal(r)}
	t := tail{logs: h.Logs, job: job.ID, attempt: attempt, stream: s, offset: offset}
	ctx := r.Context()
	job, err := f.placed(ctx, job, attempt)
	if err != nil {
		return err
	}
	if body.left > 0 && attempt > 0 && job.Attempt >= attempt { // else it ended without running
		if err := t.follow(ctx, f.over(ctx, job, attempt), body.write); err != nil && !errors.Is(err, errFull) {
			return err
		}
		if job, err = h.Service.Job(ctx, principal(r), job.ID); err != nil {
			return err
		}
	}
	w.Header().Set(headerNextOffset, strconv.FormatInt(t.offset+body.part, 10))
	w.Header().Set(headerTruncated, strconv.FormatBool(job.Output.Truncated))
	w.Header().Set(headerAgain, strconv.FormatBool(again(job, attempt)))
	return nil
}

// again says whether an attempt is over that is followed by another.
func again(job glovebox.Job, attempt int) bool {
	return attempt > 0 && (job.Attempt > attempt || job.Attempt == attempt && job.Status == glovebox.StatusPending)
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
