package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"syscall"

	"github.com/go-json-experiment/json"

	"glovebox"
	"glovebox/api/wire"
)

// broken is a call that found no server, or whose connection broke: whether
// the server did it is not known. It is what is worth repeating.
type broken struct{ error }

// Unwrap lets errors.As find the *glovebox.Error.
func (e *broken) Unwrap() error { return e.error }

// busy is an answer that asks to come back.
type busy struct{ error }

// Unwrap lets errors.As find the *glovebox.Error.
func (e *busy) Unwrap() error { return e.error }

// Size returns how much stdin the server has, if err is an append that did not
// fit.
func Size(err error) (size int64, ok bool) {
	var s *sized
	if errors.As(err, &s) {
		return s.size, true
	}
	return 0, false
}

type sized struct {
	error
	size int64
}

// Unwrap lets errors.As find the *glovebox.Error.
func (e *sized) Unwrap() error { return e.error }

// transportError says what it means that there was no answer.
func (c *Client) transportError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !c.local:
		return c.networkError(err)
	case absent(err):
		return &broken{glovebox.Errorf(glovebox.KindNoServer, "no glovebox answers at %s", c.where).Try("start it with `glovebox up`")}
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return glovebox.Errorf(glovebox.KindDenied, "the socket %s may not be used by this user", c.where).Try("ask who started it to let this user in")
	}
	return &broken{glovebox.Errorf(glovebox.KindUnavailable, "the connection to glovebox broke: %w", err).Try("is it still running? see `glovebox doctor`")}
}

// networkError is transportError for a server at a URL.
func (c *Client) networkError(err error) error {
	var name *net.DNSError
	var record tls.RecordHeaderError
	var ours *glovebox.Error
	switch {
	case errors.As(err, &ours):
		return ours
	case untrusted(err):
		return glovebox.Errorf(glovebox.KindDenied, "%s cannot prove who it is: %w", c.where, err).
			Try("if it has a local CA of its own, give that with: glovebox login %s --ca FILE", c.where)
	case errors.As(err, &record):
		return glovebox.Errorf(glovebox.KindInvalid, "%s does not speak TLS", c.where).On("url").Try("is it the right port?")
	case errors.As(err, &name) && name.IsNotFound:
		return glovebox.Errorf(glovebox.KindNoServer, "there is no host %q", name.Name).Try("is the name in %s right?", c.where)
	case errors.Is(err, syscall.ECONNREFUSED):
		return &broken{glovebox.Errorf(glovebox.KindNoServer, "no glovebox answers at %s", c.where).Try("is it up, and is this its address?")}
	}
	return &broken{glovebox.Errorf(glovebox.KindUnavailable, "the connection to %s broke: %w", c.where, err).Try("is it still running, and the network up?")}
}

// untrusted says whether err is about the server's certificate.
func untrusted(err error) bool {
	var e *tls.CertificateVerificationError
	return errors.As(err, &e)
}

// absent says whether err means that nobody listens at the socket.
func absent(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOTSOCK) ||
		errors.Is(err, syscall.ENOTDIR)
}

// maxProblem is more than any problem document has.
const maxProblem = 64 << 10

// problemError reads a problem document back into the error it was made of.
func problemError(resp *http.Response) error {
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	var p wire.Problem
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil || p.Kind == "" {
		return glovebox.Errorf(kindOf(resp.StatusCode), "the server answered %s", resp.Status).Try("is a glovebox there, and this its address?")
	}
	err = asError(p)
	if p.Size != nil {
		err = &sized{err, *p.Size}
	}
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "" {
		err = &busy{err}
	}
	return err
}

func asError(p wire.Problem) error {
	e := &glovebox.Error{Kind: p.Kind, Field: p.Field, Message: p.Detail, Hint: p.Hint}
	if !slices.Contains(glovebox.Kinds(), p.Kind) {
		e.Kind = kindOf(p.Status) // a newer server's
	}
	if e.Kind == glovebox.KindInternal && p.RequestID != "" {
		e.Hint = "the server's log tells more under " + p.RequestID
	}
	return e
}

// kindOf guesses the kind of an answer that does not name one, which is what
// net/http gives before any handler runs.
func kindOf(status int) glovebox.Kind {
	switch status {
	case http.StatusRequestHeaderFieldsTooLarge:
		return glovebox.KindTooLarge
	case http.StatusBadRequest:
		return glovebox.KindMalformed
	case http.StatusNotFound:
		return glovebox.KindNotFound
	case http.StatusServiceUnavailable:
		return glovebox.KindUnavailable
	case http.StatusUnauthorized:
		return glovebox.KindUnauthorized
	case http.StatusForbidden:
		return glovebox.KindDenied
	}
	return glovebox.KindInternal
}
