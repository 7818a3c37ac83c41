package api

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"glovebox"
	"glovebox/identity"
)

// remembered is how many addresses, and how many callers, limits knows at once.
const remembered = 16 << 10

// limits says who comes too often. The address that counts is the connection's:
// what headers say about it, anybody can write.
type limits struct {
	now     func() time.Time
	open    *recent[netip.Addr, *rate.Limiter]
	sources *recent[netip.Addr, *attempts]
	callers *recent[string, *rate.Limiter]
	local   *recent[string, *rate.Limiter]

	each    int
	mu      sync.Mutex
	streams map[string]int // of callers that have some
}

func newLimits(c Config) *limits {
	bucket := func(r Rate) func() *rate.Limiter {
		return func() *rate.Limiter { return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst) }
	}
	failures := c.Rates.Failures.or(Rate{1, 30})
	return &limits{
		now:     c.Now,
		open:    newRecent[netip.Addr](remembered, bucket(c.Rates.Open.or(Rate{20, 100}))),
		sources: newRecent[netip.Addr](remembered, func() *attempts { return newAttempts(failures) }),
		callers: newRecent[string](remembered, bucket(c.Rates.Calls.or(Rate{2_000, 4_000}))),
		local:   newRecent[string](remembered, bucket(c.Rates.Operator.or(Rate{20_000, 40_000}))),
		each:    orDefault(c.Caps.Each, 256), streams: map[string]int{},
	}
}

// source is where a request comes from. Whoever has one address of an IPv6
// network has 2^64 of them, so these are one.
func source(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // all that cannot be told apart are one
	}
	a := at.Addr().Unmap().WithZone("")
	if a.Is6() {
		if net, err := a.Prefix(64); err == nil {
			return net.Addr()
		}
	}
	return a
}

// anybody counts a request to a route that needs no caller.
func (l *limits) anybody(r *http.Request) error {
	if isLocal(r) {
		return nil // the operator's own machine
	}
	return l.take(l.open.get(source(r)), "requests from this address")
}

// authenticated counts a request of a known caller.
func (l *limits) authenticated(c identity.Caller) error {
	if c.Kind == glovebox.PrincipalOperator {
		return l.take(l.local.get(c.Name), "requests")
	}
	return l.take(l.callers.get(nameOf(c)), "requests")
}

func (l *limits) take(b *rate.Limiter, what string) error {
	now := l.now()
	r := b.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	r.CancelAt(now)
	return retryAfter(glovebox.Errorf(glovebox.KindTooMany, "too many %s", what).Try("slow down"), wait)
}

// guess runs what may find out that the caller is not who it should be. After
// too many failures it is not run at all. A request over the local socket
// proves nothing that could be guessed.
func (l *limits) guess(r *http.Request, try func() error) error {
	if isLocal(r) {
		return try()
	}
	a := l.sources.get(source(r))
	if err := a.begin(r.Context(), l.now); err != nil {
		return err
	}
	failed := true // also if it panics
	defer func() { a.end(failed) }()
	err := try()
	failed = glovebox.KindOf(err) == glovebox.KindUnauthorized
	return err
}

// stream counts an open stream of a caller; end must be called.
func (l *limits) stream(c identity.Caller) (end func(), err error) {
	if c.Kind == glovebox.PrincipalOperator {
		return func() {}, nil
	}
	name := nameOf(c)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.streams[name] >= l.each {
		return nil, retryAfter(glovebox.Errorf(glovebox.KindTooMany, "%d streams are open already", l.each).Try("close some"), 5*time.Second)
	}
	l.streams[name]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.streams[name]--; l.streams[name] == 0 {
			delete(l.streams, name)
		}
	}, nil
}

// nameOf tells callers apart, whatever their names are made of.
func nameOf(c identity.Caller) string {
	return string(c.Kind) + "\x00" + c.Tenant + "\x00" + c.Name
}
