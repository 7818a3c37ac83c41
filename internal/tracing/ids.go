package tracing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strconv"

	"go.opentelemetry.io/otel/trace"
)

// TraceID is the trace of a job: the first 16 bytes of the SHA-256 of its id.
// A job's id has 100 random bits, so two jobs with one trace need not be feared.
func TraceID(job string) trace.TraceID {
	sum := sha256.Sum256([]byte(job))
	return trace.TraceID(sum[:16])
}

// spanID is the id of a span that others know of: the first 8 bytes of the
// SHA-256 of "job/name/attempt". The attempt is 0 for what a job has once.
func spanID(job, name string, attempt int) trace.SpanID {
	sum := sha256.Sum256([]byte(job + "/" + name + "/" + strconv.Itoa(attempt)))
	return trace.SpanID(sum[:8])
}

// chosen is what a context carries to ids.
type chosen struct {
	trace trace.TraceID
	span  trace.SpanID
}

type chosenKey struct{}

// ids implements sdk/trace.IDGenerator: the ids that the context names, and
// random ones for spans that have no children.
type ids struct{}

// NewIDs implements sdk/trace.IDGenerator.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if c, ok := ctx.Value(chosenKey{}).(chosen); ok {
		return c.trace, c.span
	}
	var t trace.TraceID
	_, _ = rand.Read(t[:]) // never fails: crypto/rand ends the program instead
	return t, randomSpan()
}

// NewSpanID implements sdk/trace.IDGenerator.
func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	if c, ok := ctx.Value(chosenKey{}).(chosen); ok && c.span.IsValid() {
		return c.span
	}
	return randomSpan()
}

func randomSpan() trace.SpanID {
	var s trace.SpanID
	_, _ = rand.Read(s[:])
	return s
}
