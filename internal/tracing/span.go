package tracing

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"glovebox"
)

// Names of spans.
const (
	nameJob       = "job"
	nameAccept    = "accept"
	nameQueue     = "queue"
	nameProvision = "provision"
	nameRun       = "run"
	nameFirstByte = "first_byte"
	nameTeardown  = "teardown"
	nameSeal      = "seal"
	nameCreate    = "sandbox.create"
	nameStart     = "sandbox.start"
	nameDestroy   = "sandbox.destroy"
)

// span is one that is over. Its times are what others have noted down, so it is
// made and ended in one call.
type span struct {
	job        string
	name       string
	attempt    int // 0 for what a job has once
	start, end time.Time
	attrs      []attribute.KeyValue
	links      []trace.Link
	fault      string // kind or reason of what went wrong; "" = nothing
}

// parents says whose child a span is; what is not here is the job's.
var parents = map[string]string{
	nameFirstByte: nameRun, nameSeal: nameTeardown,
	nameCreate: nameProvision, nameStart: nameProvision, nameDestroy: nameTeardown,
}

// leaves may be there more than once, so their ids are random.
var leaves = map[string]bool{nameCreate: true, nameStart: true, nameDestroy: true}

// perAttempt are the spans that each attempt has of its own.
var perAttempt = map[string]bool{nameQueue: true, nameProvision: true, nameRun: true, nameFirstByte: true}

// idOf is the id of a span with children.
func idOf(job, name string, attempt int) trace.SpanID {
	if !perAttempt[name] {
		attempt = 0
	}
	return spanID(job, name, attempt)
}

// emit makes a span. Clocks of nodes differ from ours: what would end before
// it begins has no length.
func (t *Tracer) emit(s span) {
	ctx, id := context.Background(), chosen{trace: TraceID(s.job)}
	if !leaves[s.name] {
		id.span = idOf(s.job, s.name, s.attempt)
	}
	if s.name != nameJob {
		parent := parents[s.name]
		if parent == "" {
			parent = nameJob
		}
		ctx = trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: id.trace, SpanID: idOf(s.job, parent, s.attempt), TraceFlags: trace.FlagsSampled, Remote: true,
		}))
	}
	ctx = context.WithValue(ctx, chosenKey{}, id)
	attrs := append([]attribute.KeyValue{attribute.String("glovebox.job.id", s.job)}, s.attrs...)
	if s.attempt > 0 {
		attrs = append(attrs, attribute.Int("glovebox.job.attempt", s.attempt))
	}
	_, made := t.tracer.Start(ctx, s.name, trace.WithTimestamp(s.start), trace.WithAttributes(attrs...), trace.WithLinks(s.links...))
	if s.fault != "" {
		made.SetAttributes(attribute.String("error.type", s.fault))
		made.SetStatus(codes.Error, s.fault)
	}
	if s.end.Before(s.start) {
		s.end = s.start
	}
	made.End(trace.WithTimestamp(s.end))
}

// failure is what a span says of an error: its kind, for messages quote what
// they are about.
func failure(err error) string { return string(glovebox.KindOf(err)) }
