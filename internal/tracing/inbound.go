package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

type inboundKey struct{}

// Inbound lets the accept span of a job link the trace that a request's W3C
// traceparent names. It is a link and not a parent: the job's trace is its own,
// and whether it is sampled is not for callers to say. Only ids are taken over;
// tracestate and baggage are a stranger's text.
func Inbound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && len(r.Header["Traceparent"]) == 1 {
			ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": r.Header.Get("Traceparent")})
			if c := trace.SpanContextFromContext(ctx); c.IsValid() {
				r = r.WithContext(context.WithValue(r.Context(), inboundKey{}, c))
			}
		}
		next.ServeHTTP(w, r)
	})
}

// inbound is what Inbound has put into a request's context.
func inbound(ctx context.Context) trace.SpanContext {
	c, _ := ctx.Value(inboundKey{}).(trace.SpanContext)
	return c
}
