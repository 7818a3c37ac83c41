package api

import (
	"errors"
	"io"
	"math"
	"net/http"
	"time"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/output"
)

// stdin appends the body, raw bytes, to a job's stdin at an offset, as it
// comes. Bytes that are there already are skipped, so a call that broke off is
// repeated as it was. Every error that comes of the size tells the size.
func (h *handler) stdin(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"offset", "close"})
	offset := q.number("offset", 0, 0, math.MaxInt64)
	last := q.flag("close")
	if err := q.err(); err != nil {
		return err
	}
	if r.ContentLength != 0 {
		if err := wantType(r, "application/octet-stream"); err != nil {
			return err
		}
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	size, err := h.stdinSize(r, job)
	if err != nil {
		return err
	}
	if offset > size {
		return &sized{glovebox.Errorf(glovebox.KindConflict, "offset %d leaves a gap after %d", offset, size).On("offset").Try("go on at %d", size), size}
	}
	if size, err = h.receive(w, r, job.ID, offset, size); err != nil {
		return err
	}
	if last {
		if err := h.Logs.SealStream(r.Context(), job.ID, job.Attempt, output.Stdin); err != nil {
			return err
		}
	}
	return writeJSON(w, http.StatusOK, wire.Stdin{Size: size, Closed: last})
}

// stdinSize checks that the job takes input and says how much it has.
func (h *handler) stdinSize(r *http.Request, job glovebox.Job) (int64, error) {
	sizes, err := h.Logs.Sizes(r.Context(), job.ID, job.Attempt)
	if err != nil {
		return 0, err
	}
	size := sizes.Stdin.Bytes
	switch {
	case !job.Spec.StdinStream:
		return 0, glovebox.Errorf(glovebox.KindConflict, "the job was submitted without stdinStream").Try("set stdinStream when submitting")
	case job.Status.Ended() && !sizes.Stdin.Sealed:
		return 0, &sized{glovebox.Errorf(glovebox.KindConflict, "the job has ended").Try("there is nobody to read it"), size}
	}
	return size, nil
}

// receive appends the body piece by piece and returns the size then.
func (h *handler) receive(w http.ResponseWriter, r *http.Request, job string, offset, size int64) (int64, error) {
	control := http.NewResponseController(w)
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	buf := pieces.Get().(*[]byte)
	defer pieces.Put(buf)
	for {
		_ = control.SetReadDeadline(time.Now().Add(pieceTime)) // not every writer has deadlines
		n, err := r.Body.Read(*buf)
		if offset+int64(n) > glovebox.MaxStdin {
			return size, &sized{glovebox.Errorf(glovebox.KindTooLarge, "more than %d bytes of input", int64(glovebox.MaxStdin)), size}
		}
		if n > 0 {
			var werr error
			size, werr = h.Logs.Append(r.Context(), job, 0, output.Stdin, offset, (*buf)[:n])
			if glovebox.KindOf(werr) == glovebox.KindConflict {
				return size, &sized{glovebox.Errorf(glovebox.KindConflict, "stdin is closed at %d bytes", size), size}
			}
			if werr != nil {
				return size, werr
			}
			offset += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF):
			return max(size, offset), nil
		case err != nil:
			return size, glovebox.Errorf(glovebox.KindMalformed, "the body broke off after %d bytes", offset).Try("send it again at the same offset")
		}
	}
}
