package api

import "net/http"

// maxKept is how large an answer is kept under an Idempotency-Key.
const maxKept = 64 << 10

// held keeps an answer back until it is released. One that turns out to be a
// stream, or too large to be kept, is let loose at once.
type held struct {
	http.ResponseWriter
	status int
	body   []byte
	loose  bool
}

// WriteHeader implements http.ResponseWriter.
func (h *held) WriteHeader(status int) {
	switch {
	case h.loose:
		h.ResponseWriter.WriteHeader(status)
	case h.status == 0:
		h.status = status
	}
}

// Write implements http.ResponseWriter.
func (h *held) Write(p []byte) (int, error) {
	if h.status == 0 {
		h.status = http.StatusOK
	}
	if !h.loose && len(h.body)+len(p) > maxKept {
		if err := h.release(); err != nil {
			return 0, err
		}
	}
	if h.loose {
		return h.ResponseWriter.Write(p)
	}
	h.body = append(h.body, p...)
	return len(p), nil
}

// FlushError is called by http.ResponseController: a stream begins.
func (h *held) FlushError() error {
	if err := h.release(); err != nil {
		return err
	}
	return http.NewResponseController(h.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find deadlines.
func (h *held) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// release gives the answer, as far as there is one.
func (h *held) release() error {
	if h.loose {
		return nil
	}
	h.loose = true
	if h.status == 0 {
		return nil
	}
	h.ResponseWriter.WriteHeader(h.status)
	_, err := h.ResponseWriter.Write(h.body)
	if len(h.body) == 0 {
		return nil // also where a body is not allowed
	}
	return err
}
