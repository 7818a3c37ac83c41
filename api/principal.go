package api

import (
	"context"
	"net/http"

	"glovebox"
)

// Authenticator finds out who is calling. KindUnauthorized if nobody known,
// KindDenied if known and not allowed in.
type Authenticator func(*http.Request) (glovebox.Principal, error)

type principalKey struct{}

func withPrincipal(ctx context.Context, p glovebox.Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// principal returns who is calling; the router has made sure there is one.
func principal(r *http.Request) glovebox.Principal {
	p, ok := r.Context().Value(principalKey{}).(glovebox.Principal)
	if !ok || p.Tenant == "" {
		panic("a route for callers was reached without one")
	}
	return p
}
