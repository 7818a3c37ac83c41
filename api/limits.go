package api

import (
	"errors"
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
	changes *recent[string, *rate.Limiter]
	refused *recent[string, *rate.Limiter]
	submits *recent[string, *rate.Limiter] // that were refused

	each map[class]int
	mu   sync.Mutex
	held map[place]int // of callers that have some
}

// place is what a caller holds while a request of a class is served.
type place struct {
	class  class
	caller string
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
		changes: newRecent[string](remembered, bucket(c.Rates.Changes.or(Rate{20, 200}))),
		refused: newRecent[string](remembered, bucket(c.Rates.Refusals.or(Rate{1, 200}))),
		submits: newRecent[string](remembered, bucket(c.Rates.Submits.or(Rate{1, 200}))),
		each: map[class]int{
			call: orDefault(c.Caps.EachCalls, 64), stream: orDefault(c.Caps.Each, 256), upload: orDefault(c.Caps.EachUploads, 4),
		},
		held: map[place]int{},
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

// change counts what changes something. It leaves documents and events behind,
// so there is less room for it than for reading. What a caller submits is
// bounded by the quota of the tenant, and what is refused of it by patience.
func (l *limits) change(c identity.Caller, rc route, r *http.Request) error {
	if c.Kind == glovebox.PrincipalOperator || rc.class != call || rc.is(ownKey) || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	return l.take(l.changes.get(nameOf(c)), "changes")
}

// patience says whether a caller may try again what they may not do. Each
// refusal leaves an event for ever, so nobody may cause them at will. Whose jobs
// were refused too often may do everything else.
func (l *limits) patience(c identity.Caller, rc route) error {
	refusals := glovebox.Errorf(glovebox.KindTooMany, "too many refusals").Try("see what you may do with GET /v1/me")
	if err := l.left(l.refused, c, refusals); err != nil || !rc.is(ownKey) {
		return err
	}
	return l.left(l.submits, c, glovebox.Errorf(glovebox.KindTooMany, "too many refused jobs").
		Try("wait until others have ended, or ask for less"))
}

// left returns err, with the time to wait, if a caller has used up a bucket.
func (l *limits) left(all *recent[string, *rate.Limiter], c identity.Caller, err *glovebox.Error) error {
	b := all.get(nameOf(c))
	left := b.TokensAt(l.now())
	if left >= 1 {
		return nil
	}
	return retryAfter(err, time.Duration((1-left)/float64(b.Limit())*float64(time.Second)))
}

// judge counts a refusal, if err is one. A conflict is one where a signature was
// for something else.
func (l *limits) judge(c identity.Caller, rc route, err error) {
	if _, ok := errors.AsType[writtenDown](err); ok {
		l.submits.get(nameOf(c)).AllowN(l.now(), 1)
	}
	switch kind := glovebox.KindOf(err); {
	case kind == glovebox.KindUnauthorized, kind == glovebox.KindDenied, kind == glovebox.KindApproval,
		kind == glovebox.KindConflict && rc.need.NeedsSignature():
		l.refused.get(nameOf(c)).AllowN(l.now(), 1)
	}
}

// enter counts a request that is being served; leave must be called.
func (l *limits) enter(cl class, c identity.Caller) (leave func(), err error) {
	if c.Kind == glovebox.PrincipalOperator {
		return func() {}, nil
	}
	at, most := place{cl, nameOf(c)}, l.each[cl]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[at] >= most {
		if cl == call {
			return nil, retryAfter(glovebox.Errorf(glovebox.KindTooMany, "%d calls are under way already", most).Try("wait for some"), time.Second)
		}
		return nil, retryAfter(glovebox.Errorf(glovebox.KindTooMany, "%d streams are open already", most).Try("close some"), 5*time.Second)
	}
	l.held[at]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.held[at]--; l.held[at] == 0 {
			delete(l.held, at)
		}
	}, nil
}

// nameOf tells callers apart, whatever their names are made of.
func nameOf(c identity.Caller) string {
	return string(c.Kind) + "\x00" + c.Tenant + "\x00" + c.Name
}
