// Package api serves the API over HTTP. It checks the form of what comes in,
// turns wire types into the domain's and back, and streams output; what a
// request means is decided by a Service.
//
// Every error is a problem document (RFC 9457) whose type is one of the kinds
// of package glovebox. No input leads to a status of 500 or above.
//
// A request passes, from the outside in: the access log, the catcher of
// panics, the router (404, 405), the refusal of other sites' pages (403), the
// count of its address's failures (429), the authenticator (401), the caller's
// rates (429), the role table (403), the caps on what is in flight (429, 503),
// the route's time-outs, the session that a stream runs under, the memory of
// Idempotency-Keys, and the route.
package api
