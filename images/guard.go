package images

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"glovebox"
)

// guard is the http.RoundTripper through which every request to a registry, its
// token service and wherever they redirect to goes. It bounds how long and how
// much each may answer, and where a redirect may lead.
type guard struct {
	next      http.RoundTripper
	rules     addressRules
	redirects int
	header    time.Duration // to connect and until the answer begins
	stall     time.Duration // between two bytes of it
}

// smallBody is what an answer may have that no cap was set for: pings, tokens,
// errors.
const smallBody = 1 << 20

type bodyCapKey struct{}

// withBodyCap sets how long answers to a request, and to those it is redirected
// to, may be.
func withBodyCap(ctx context.Context, n int64) context.Context {
	return context.WithValue(ctx, bodyCapKey{}, n)
}

var errStalled = errors.New("nothing came for too long")

// errSilent is in the error of a registry that does not even begin to answer. It
// was waited for long enough; persist does not ask it again.
var errSilent = errors.New("does not answer")

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.admit(req); err != nil {
		return nil, err
	}
	limit, ok := req.Context().Value(bodyCapKey{}).(int64)
	if !ok {
		limit = smallBody
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	timer := time.AfterFunc(g.header, func() { cancel(errStalled) })
	resp, err := g.next.RoundTrip(req.WithContext(ctx))
	timer.Stop()
	if err != nil {
		err = g.silent(ctx, err, req.URL.Host)
		cancel(nil)
		return nil, err
	}
	resp.Body = &guardedBody{guard: g, ctx: ctx, cancel: cancel, body: resp.Body, left: limit, cap: limit}
	return resp, nil
}

// admit judges where a request goes before anything is looked up or dialled.
func (g *guard) admit(req *http.Request) error {
	hops := 0
	for r := req.Response; r != nil && r.Request != nil; r = r.Request.Response {
		hops++
	}
	if hops > g.redirects {
		return glovebox.Errorf(glovebox.KindUnreachable, "registry redirects more than %d times", g.redirects).
			Try("check the registry's configuration")
	}
	host := req.URL.Hostname()
	if req.URL.Scheme != "https" && !(req.URL.Scheme == "http" && g.rules.loopback && isLoopback(host)) {
		if hops > 0 {
			return glovebox.Errorf(glovebox.KindImageDenied, "registry redirects to %s without encryption", host).
				Try("use a registry that redirects to https only")
		}
		return fmt.Errorf("%s is asked by https only", host)
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return g.rules.check(addr)
	}
	return nil
}

// silent gives the end of the time to connect and to answer its reason. DNS keeps
// its own, which says more.
func (g *guard) silent(ctx context.Context, err error, host string) error {
	var slow net.Error
	var dns *net.DNSError
	var e *glovebox.Error
	switch {
	case errors.Is(context.Cause(ctx), errStalled):
		e = glovebox.Errorf(glovebox.KindUnreachable, "registry %s %w within %s", host, errSilent, g.header)
	case ctx.Err() == nil && errors.As(err, &slow) && slow.Timeout() && !errors.As(err, &dns):
		e = glovebox.Errorf(glovebox.KindUnreachable, "registry %s %w: %v", host, errSilent, err)
	default:
		return err
	}
	return e.Try("check that the registry is up and can be reached from this machine; then try again")
}

// stalled replaces what cancelling looks like by its reason.
func (g *guard) stalled(ctx context.Context, err error, limit time.Duration) error {
	if errors.Is(context.Cause(ctx), errStalled) {
		return glovebox.Errorf(glovebox.KindUnreachable, "registry sent nothing for %s", limit).
			Try("try again later; what has come so far is kept")
	}
	return err
}

// guardedBody is a response's body under the guard's bounds.
type guardedBody struct {
	*guard
	ctx    context.Context
	cancel context.CancelCauseFunc
	body   interface {
		Read([]byte) (int, error)
		Close() error
	}
	left, cap int64
}

func (b *guardedBody) Read(p []byte) (int, error) {
	timer := time.AfterFunc(b.stall, func() { b.cancel(errStalled) })
	n, err := b.body.Read(p)
	timer.Stop()
	if b.left -= int64(n); b.left < 0 {
		return 0, tooLarge("registry sent more than %d bytes", b.cap)
	}
	if err != nil {
		err = b.stalled(b.ctx, err, b.stall)
	}
	return n, err
}

func (b *guardedBody) Close() error {
	b.cancel(nil)
	return b.body.Close()
}
