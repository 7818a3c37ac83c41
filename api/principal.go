package api

import (
	"context"
	"net/http"

	"glovebox"
	"glovebox/identity"
)

// Authenticator finds out who is calling. KindUnauthorized if nobody known,
// KindDenied if known and not allowed in.
type Authenticator func(*http.Request) (identity.Caller, error)

// Authorizer says whether a caller may do something to a target, which may be
// empty: nil or KindDenied. *identity.Service's Authorize is one, and leaves an
// audit event of each refusal.
type Authorizer func(ctx context.Context, c identity.Caller, a identity.Action, target string) error

// byRole is the Authorizer of who keeps no audit log.
func byRole(_ context.Context, c identity.Caller, a identity.Action, _ string) error {
	if c.Allowed(a) {
		return nil
	}
	return glovebox.Errorf(glovebox.KindDenied, "you may not do this: %s", a)
}

type callerKey struct{}

func withCaller(ctx context.Context, c identity.Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// callerOf returns who is calling; the router has made sure there is one.
func callerOf(r *http.Request) identity.Caller {
	c, ok := r.Context().Value(callerKey{}).(identity.Caller)
	if !ok || c.Tenant == "" {
		panic("a route for callers was reached without one")
	}
	return c
}

// principal returns who is calling, as the rest of Glovebox sees them.
func principal(r *http.Request) glovebox.Principal { return callerOf(r).Principal }

// proven returns who is calling, and how they proved it.
func proven(r *http.Request) glovebox.Principal {
	c := callerOf(r)
	p := c.Principal
	p.Proof = &glovebox.Proof{
		Kind: p.Kind, Session: string(c.Session.Kind), Opened: c.Session.Created, Passkey: c.Session.Passkey, Key: c.Session.JKT,
	}
	if c.Session.Kind == identity.SessionWorkload {
		p.Proof.Rule = c.Subject
	}
	return p
}
