package api

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"glovebox"
	"glovebox/identity"
)

// class of a route: which cap and which time-outs hold for it.
type class int

const (
	open   class = iota // short, and needs no caller
	call                // short
	stream              // may last for ever
	upload              // may last for ever, and works hard
)

// serve answers a request, or returns the error to answer with. After the
// headers are out it must not return an error but break off.
type serve func(w http.ResponseWriter, r *http.Request) error

// router finds a request's route, and answers 404 and 405 as problems. Routes
// are added together with their description, so that none is undocumented.
type router struct {
	Config
	mux    *http.ServeMux
	huma   huma.API
	caps   map[class]chan struct{}
	own    map[class]chan struct{} // the operator's
	limits *limits
	bursts *bursts
	cross  crossOrigin
}

func newRouter(c Config) *router {
	r := &router{
		Config: c, mux: http.NewServeMux(), limits: newLimits(c), bursts: newBursts(c), cross: newCrossOrigin(c.PublicURL),
		caps: newCaps(c.Caps), own: newCaps(c.Caps),
	}
	r.huma = humago.New(r.mux, openAPIConfig(c.Version))
	return r
}

func newCaps(c Caps) map[class]chan struct{} {
	return map[class]chan struct{}{
		call:   make(chan struct{}, orDefault(c.Calls, 256)),
		stream: make(chan struct{}, orDefault(c.Streams, 4096)),
		upload: make(chan struct{}, orDefault(c.Uploads, 16)),
	}
}

// anybody is what a route of class open needs of its caller: nothing.
const anybody identity.Action = ""

// trait is what sets a route apart from the others of its class.
type trait int

const (
	// secret: the answer holds something that must not be kept, such as a link,
	// a code or a token. A repeated call with the same Idempotency-Key is told
	// that it was done, and nothing else. Answers with Set-Cookie are so anyway.
	secret trait = iota
	// repeatable: doing it again changes nothing, so a key is taken and not
	// needed.
	repeatable
	// ownKey: the route sees to the key itself.
	ownKey
)

// route is what the router knows of a route.
type route struct {
	class  class
	need   identity.Action
	traits []trait
	serve  serve
}

func (rc route) is(t trait) bool { return slices.Contains(rc.traits, t) }

// add registers a route under its description. need is what the caller must be
// allowed to do; it is told in the description, too.
func (rt *router) add(cl class, need identity.Action, op huma.Operation, s serve, traits ...trait) {
	if (cl == open) != (need == anybody) {
		panic(op.OperationID + ": a route is open to anybody, or says what its caller must be allowed to do")
	}
	rc := route{cl, need, traits, s}
	rt.describe(&op, rc)
	rt.huma.OpenAPI().AddOperation(&op)
	rt.huma.Adapter().Handle(&op, func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		if err := rt.run(rc, w, r); err != nil {
			failed(w, err)
		}
	})
}

// run brings a request through what stands before its route.
func (rt *router) run(rc route, w http.ResponseWriter, r *http.Request) error {
	if err := rt.cross.check(r); err != nil {
		return err
	}
	var c identity.Caller
	var err error
	if rc.class == open {
		err = rt.runOpen(rc, w, r)
	} else {
		c, err = rt.runKnown(rc, w, r)
	}
	rt.bursts.note(r, c, err)
	return err
}

// runKnown serves a route with a caller, whom it returns if there is one.
func (rt *router) runKnown(rc route, w http.ResponseWriter, r *http.Request) (identity.Caller, error) {
	c, err := rt.authenticate(w, r)
	if err != nil {
		return c, err
	}
	if err := rt.limits.change(c, rc, r); err != nil {
		return c, err
	}
	if err := rt.limits.patience(c, rc); err != nil {
		return c, err
	}
	err = rt.runAs(rc, c, w, r)
	rt.limits.judge(c, rc, err)
	return c, err
}

// runAs serves a known caller.
func (rt *router) runAs(rc route, c identity.Caller, w http.ResponseWriter, r *http.Request) error {
	if err := rt.Allow(r.Context(), c, rc.need, r.PathValue("id")); err != nil {
		return err
	}
	r = r.WithContext(withCaller(r.Context(), c))
	cl := rc.class
	if cl == call && wantsEvents(r) {
		cl = stream
	}
	leave, err := rt.limits.enter(cl, c)
	if err != nil {
		return err
	}
	defer leave()
	caps := rt.caps
	if c.Kind == glovebox.PrincipalOperator {
		caps = rt.own
	}
	select {
	case caps[cl] <- struct{}{}:
		defer func() { <-caps[cl] }()
	default:
		return glovebox.Errorf(glovebox.KindUnavailable, "too many requests at one time").Try("try again in a second")
	}
	if cl == call {
		r, end := bounded(cl, w, r)
		defer end()
		return rt.once(rc, c, w, r)
	}
	return rt.runLong(rc, cl, c, w, r)
}

// runOpen serves a route without a caller. What changes something may turn out
// to be a guess.
func (rt *router) runOpen(rc route, w http.ResponseWriter, r *http.Request) error {
	if err := rt.limits.anybody(r); err != nil {
		return err
	}
	r, end := bounded(open, w, r)
	defer end()
	if r.Method != http.MethodPost {
		return rc.serve(w, r)
	}
	if _, err := idempotencyHeader(r); err != nil {
		return err
	}
	if err := whole(w, r); err != nil {
		return err
	}
	return rt.limits.guess(r, func() error { return rc.serve(w, r) })
}

// authenticate finds out who is calling and whether they come too often.
func (rt *router) authenticate(w http.ResponseWriter, r *http.Request) (c identity.Caller, err error) {
	try := func() error {
		c, err = rt.Auth(r)
		return err
	}
	if provesNothing(r) {
		err = try() // nothing is looked up or written down for it
	} else {
		err = rt.limits.guess(r, try)
	}
	if err != nil {
		return c, err
	}
	caller(w, c.Principal)
	return c, rt.limits.authenticated(c)
}

// runLong serves what may last: as long as the caller's session does.
func (rt *router) runLong(rc route, cl class, c identity.Caller, w http.ResponseWriter, r *http.Request) error {
	r, end := bounded(cl, w, r)
	defer end()
	r, release, err := rt.guarded(w, r, c, rc.need)
	if err != nil {
		return err
	}
	defer release()
	err = rt.once(rc, c, w, r)
	if cut := cutBy(r.Context()); err != nil && cut != nil {
		return cut
	}
	return err
}

// ServeHTTP implements http.Handler.
func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isOverlong(r) {
		failed(w, rt.unreadable(r))
		return
	}
	pattern := rt.find(r)
	if pattern == "" {
		writeProblem(w, rt.missing(r))
		return
	}
	routed(w, pattern)
	rt.mux.ServeHTTP(w, r)
}

// find looks the route up. Paths that would have to be cleaned, or that hide
// slashes in escapes, lead nowhere; nothing is redirected.
func (rt *router) find(r *http.Request) string {
	p := r.URL.Path
	if p == "" || p[0] != '/' || path.Clean(p) != p || r.URL.RawPath != "" || strings.ContainsAny(p, "\x00\\") {
		return ""
	}
	_, pattern := rt.mux.Handler(r)
	return pattern
}

// missing tells a route that does not exist from a method that it lacks.
func (rt *router) missing(r *http.Request) error {
	if allow := rt.allowed(r); len(allow) > 0 && !slices.Contains(allow, r.Method) {
		return &methodError{
			error: glovebox.Errorf(glovebox.KindMethod, "this route does not take %s", clip(r.Method)).Try("use %s", strings.Join(allow, " or ")),
			allow: strings.Join(allow, ", "),
		}
	}
	return glovebox.Errorf(glovebox.KindNotFound, "there is no such route").Try("see /openapi.json")
}

func (rt *router) allowed(r *http.Request) []string {
	var allow []string
	for _, m := range []string{"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"} {
		try := r.Clone(r.Context())
		try.Method = m
		if pattern := rt.find(try); pattern != "" {
			allow = append(allow, m)
		}
	}
	return allow
}

// wantsEvents says whether the caller asked for events by name.
func wantsEvents(r *http.Request) bool {
	for _, v := range r.Header.Values("Accept") {
		for t := range strings.SplitSeq(v, ",") {
			t, _, _ = strings.Cut(t, ";")
			if strings.EqualFold(strings.TrimSpace(t), eventType) {
				return true
			}
		}
	}
	return false
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}
