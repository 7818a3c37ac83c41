package api

import (
	"log/slog"
	"net/http"
	"time"
)

// Config is what a handler is made of. Service, Images, Logs and Auth are
// needed.
type Config struct {
	Service Service
	Images  ImageService
	Logs    Logs
	Auth    Authenticator
	Allow   Authorizer   // nil goes by the role table alone
	Version string       // of the program
	Log     *slog.Logger // nil means nowhere
	Caps    Caps
	Observe func(Observation) // called after each request, for metrics; may be nil
}

// Caps bound how many requests of a class are served at one time; more are
// answered 503 with Retry-After. Zero means the default.
type Caps struct {
	Calls   int // short ones; 256
	Streams int // output, events, waiting; 4096
	Uploads int // images, pulls; 16
}

// Observation is what became of a request.
type Observation struct {
	Route    string // such as "GET /v1/jobs/{id}"; empty if there is none
	Status   int
	Bytes    int64 // of the answer's body
	Duration time.Duration
}

// handler is what the routes work with.
type handler struct {
	Config
	document []byte // OpenAPI, as JSON
}

// NewHandler returns the API as an http.Handler. Serve it with NewServer, whose
// limits belong to it.
func NewHandler(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Allow == nil {
		c.Allow = byRole
	}
	h := &handler{Config: c}
	r := newRouter(c)
	h.jobRoutes(r)
	h.outputRoutes(r)
	h.imageRoutes(r)
	h.metaRoutes(r)
	h.document = r.document()
	return access(c.Log, c.Observe, recovering(c.Log, r))
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encode(v)) // the caller may be gone; nobody else to tell
	return nil
}
