package api

import (
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"glovebox"
)

// access gives every request an id, and writes one line about it when it is
// over: who, which route, what came of it. Never a query, a body or a header,
// for they may hold what the log must not.
func access(log *slog.Logger, observe func(Observation), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, id: glovebox.NewID("r")}
		h := w.Header()
		h.Set(headerRequestID, rec.id)
		protect(h, r.TLS != nil && !isLocalhost(r.Host))
		defer func() {
			took := time.Since(start)
			level := slog.LevelInfo
			if rec.status == http.StatusInternalServerError {
				level = slog.LevelError
			}
			log.LogAttrs(r.Context(), level, "request", slog.String("request", rec.id),
				slog.String("route", rec.route), slog.String("caller", rec.caller), slog.Int("status", rec.status),
				slog.Int64("bytes", rec.bytes), slog.Duration("took", took), slog.String("error", rec.failure()))
			if observe != nil {
				observe(Observation{Route: rec.route, Status: rec.status, Bytes: rec.bytes, Duration: took})
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// isLocalhost says whether a Host header is localhost's. What is said there
// about TLS would be about every other service of the machine, at any port.
func isLocalhost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// protect sets what keeps browsers from doing more with an answer than read it
// and, where there is a name of our own with TLS, from ever coming without.
func protect(h http.Header, tls bool) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	if tls {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// recorder remembers what a request came to.
type recorder struct {
	http.ResponseWriter
	id, route, caller string
	status            int
	bytes             int64
	err               error
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController find deadlines and Flush.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// failure is what the log may know of the error. What the caller did wrong is
// told by its kind alone: messages quote the caller's words.
func (r *recorder) failure() string {
	if r.err == nil {
		return ""
	}
	if e := known(r.err); e.Kind.Info().Status != http.StatusInternalServerError {
		return string(e.Kind)
	}
	return r.err.Error()
}

// recorderOf finds the recorder that a writer stands before.
func recorderOf(w http.ResponseWriter) (*recorder, bool) {
	for {
		switch v := w.(type) {
		case *recorder:
			return v, true
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return nil, false
		}
	}
}

func routed(w http.ResponseWriter, pattern string) {
	if r, ok := recorderOf(w); ok {
		r.route = pattern
	}
}

func caller(w http.ResponseWriter, p glovebox.Principal) {
	if r, ok := recorderOf(w); ok {
		r.caller = p.Name
	}
}

// noted keeps for the log an error that the answer itself tells.
func noted(w http.ResponseWriter, err error) {
	if r, ok := recorderOf(w); ok {
		r.err = err
	}
}

// failed answers with err or, if the answer has begun, breaks the connection
// off, so that the caller cannot take a part for the whole.
func failed(w http.ResponseWriter, err error) {
	noted(w, err)
	if r, ok := recorderOf(w); ok && r.status != 0 {
		panic(http.ErrAbortHandler)
	}
	writeProblem(w, err)
}
