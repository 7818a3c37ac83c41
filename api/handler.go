package api

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"glovebox"
	"glovebox/identity"
)

// Config is what a handler is made of. Service, Images, Logs and Auth are
// needed; a route whose part is nil does not exist.
type Config struct {
	Service   Service
	Images    ImageService
	Logs      Logs
	Auth      Authenticator     // such as Callers
	Allow     Authorizer        // nil goes by the role table alone
	Identity  *identity.Service // people, sessions, tokens
	PublicURL string            // where callers reach us over TCP: scheme, host and port
	Audit     glovebox.Audit
	Tenants   Tenants
	Pools     Pools     // what nodes have parked
	Templates Templates // and what for
	Secrets   Secrets
	Files     Files // that tenants hand over
	Receipts  Receipts
	Approvals Approvals             // nil: no job can be submitted with an approval
	Forbidden func(netip.Addr) bool // addresses that no policy can open; nil: none is known
	Records   glovebox.Records      // remembers answers by Idempotency-Key; nil: only submits take one
	Version   string                // of the program
	Log       *slog.Logger          // nil means nowhere
	Caps      Caps
	Rates     Rates
	Recheck   time.Duration     // how often an open stream looks whether its session still counts; 0 = 3 s
	Now       func() time.Time  // nil is time.Now
	Observe   func(Observation) // called after each request, for metrics; may be nil
}

// Caps bound how many requests of a class are served at one time; more are
// answered 503 with Retry-After. The operator has as many places of its own, so
// nobody from elsewhere can lock it out. Zero means the default.
type Caps struct {
	Calls   int // short ones; 256
	Streams int // output, events, waiting; 4096
	Uploads int // images, pulls; 16

	// What one caller has of them at most, else the answer is 429. The operator
	// has no such cap.
	EachCalls   int // 64
	Each        int // streams; 256
	EachUploads int // 4
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
	if c.Now == nil {
		c.Now = time.Now
	}
	h := &handler{Config: c}
	r := newRouter(c)
	h.jobRoutes(r)
	h.outputRoutes(r)
	h.artifactRoutes(r)
	h.imageRoutes(r)
	h.metaRoutes(r)
	if c.Audit != nil {
		h.auditRoutes(r)
	}
	if c.Tenants != nil {
		h.tenantRoutes(r)
		h.policyRoutes(r)
	}
	if c.Pools != nil {
		h.poolRoutes(r)
	}
	if c.Templates != nil {
		h.templateRoutes(r)
	}
	if c.Secrets != nil {
		h.secretRoutes(r)
	}
	if c.Files != nil {
		h.fileRoutes(r)
	}
	if c.Receipts != nil {
		h.receiptRoutes(r)
	}
	if c.Identity != nil {
		h.accountRoutes(r)
	}
	if c.Identity != nil && c.Tenants != nil {
		h.approvalRoutes(r)
	}
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
