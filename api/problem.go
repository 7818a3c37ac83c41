package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// Response headers of our own.
const (
	headerRequestID  = "Glovebox-Request-Id"
	headerNextOffset = "Glovebox-Next-Offset"
	headerTruncated  = "Glovebox-Truncated"
	headerAttempt    = "Glovebox-Attempt"
	headerAgain      = "Glovebox-Again"
	headerReplayed   = "Idempotency-Replayed"
)

// Request headers that are not the standard library's to know.
const (
	headerKey      = "Idempotency-Key"
	headerApproval = "Glovebox-Approval"
)

const problemType = "application/problem+json"

// sized is an error that tells the caller the size of what it appends to.
type sized struct {
	error
	size int64
}

// Unwrap lets errors.As find the *glovebox.Error.
func (e *sized) Unwrap() error { return e.error }

// methodError is KindMethod with the methods that the route does have.
type methodError struct {
	error
	allow string
}

// Unwrap lets errors.As find the *glovebox.Error.
func (e *methodError) Unwrap() error { return e.error }

// later is an error that will be gone after a time.
type later struct {
	error
	after time.Duration
}

// Unwrap lets errors.As find the *glovebox.Error.
func (e *later) Unwrap() error { return e.error }

// retryAfter makes the answer to err say when to try again.
func retryAfter(err error, after time.Duration) error { return &later{err, after} }

// pushedBack says whether err is not about what was asked, but about how often.
func pushedBack(err error) bool {
	_, ok := errors.AsType[*later](err)
	return ok && glovebox.KindOf(err) == glovebox.KindTooMany
}

// seconds is Retry-After's value for err: whole seconds, rounded up.
func seconds(err error) string {
	if l, ok := errors.AsType[*later](err); ok && l.after > time.Second {
		return strconv.FormatInt(int64((l.after+time.Second-1)/time.Second), 10)
	}
	return "1"
}

// ways is what a caller may authenticate with, as RFC 9449 has it.
const ways = `DPoP algs="ES256 EdDSA"`

// problemOf turns an error into what the caller gets to see. Text of errors
// that are not ours never leaves the process.
func problemOf(err error) wire.Problem {
	e := known(err)
	p := wire.Problem{
		Type: wire.ProblemType(e.Kind), Title: e.Kind.Info().Title, Status: e.Kind.Info().Status,
		Kind: e.Kind, Field: e.Field, Detail: e.Message, Hint: e.Hint,
	}
	if e.Kind == glovebox.KindInternal {
		p.Detail, p.Field, p.Hint = "something went wrong on our side", "", "the server's log tells more under the request id"
	}
	var s *sized
	if errors.As(err, &s) {
		p.Size = &s.size
	}
	return p
}

// known finds the *glovebox.Error in err or says what the errors of the
// standard library mean here.
func known(err error) *glovebox.Error {
	var e *glovebox.Error
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &e):
		if e.Kind.Info() == glovebox.KindInternal.Info() {
			return &glovebox.Error{Kind: glovebox.KindInternal, Message: e.Message} // also kinds not in the list
		}
		return e
	case errors.As(err, &big):
		return glovebox.Errorf(glovebox.KindTooLarge, "the body has more than %d bytes", big.Limit)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return glovebox.Errorf(glovebox.KindUnavailable, "it took too long").Try("try again")
	}
	return glovebox.Errorf(glovebox.KindInternal, "%w", err)
}

// writeProblem answers with err. Headers must not have been written yet.
func writeProblem(w http.ResponseWriter, err error) {
	p := problemOf(err)
	p.RequestID = w.Header().Get(headerRequestID)
	h := w.Header()
	var m *methodError
	if errors.As(err, &m) {
		h.Set("Allow", m.allow)
	}
	switch p.Kind {
	case glovebox.KindTooMany, glovebox.KindUnavailable:
		h.Set("Retry-After", seconds(err))
	case glovebox.KindUnauthorized:
		h.Set("WWW-Authenticate", ways)
	}
	for _, name := range []string{"ETag", "Trailer", "Content-Length", "Location", headerReplayed, headerNextOffset, headerTruncated} {
		h.Del(name) // meant for the answer that did not come about
	}
	body := encode(p)
	h.Set("Content-Type", problemType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the caller may be gone; nobody else to tell
}
