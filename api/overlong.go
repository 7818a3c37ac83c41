package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"glovebox"
	"glovebox/identity"
)

// A request whose headers are too long never becomes one: net/http answers it,
// and nobody hears of it. At the public server it becomes one without headers,
// which says that there was something, and goes the way of all others: it is
// counted, refused as any guess, and written down.

type overlongKey struct{}

func isOverlong(r *http.Request) bool { return r.Context().Value(overlongKey{}) != nil }

// unreadable is the refusal of a request whose headers were too long.
func (rt *router) unreadable(r *http.Request) error {
	if rt.Identity == nil {
		return glovebox.Errorf(glovebox.KindUnauthorized, "not authenticated").Try("log in again")
	}
	err := rt.limits.guess(r, func() error { return rt.Identity.Unreadable(r.Context()) })
	rt.bursts.note(r, identity.Caller{}, err)
	return err
}

// refuseOverlong has h answer for a connection on which too much came.
func refuseOverlong(h http.Handler, c *headConn) *http.Response {
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), overlongKey{}, true), callTime)
	defer cancel()
	r := (&http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: "/v1/"}, RequestURI: "/v1/", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, RemoteAddr: c.RemoteAddr().String(), TLS: c.state,
	}).WithContext(ctx)
	a := &letter{header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}, status: http.StatusOK}
	h.ServeHTTP(a, r)
	return &http.Response{
		StatusCode: a.status, ProtoMajor: 1, ProtoMinor: 1, Request: r, Close: true,
		Header: a.header, ContentLength: int64(a.body.Len()), Body: io.NopCloser(&a.body),
	}
}

// letter is an http.ResponseWriter that keeps what is written.
type letter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *letter) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *letter) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *letter) Write(p []byte) (int, error) { return a.body.Write(p) }
