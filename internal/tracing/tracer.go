// Package tracing makes one OpenTelemetry trace of each job's life, from submit
// to first byte to teardown, out of what passes through interfaces that exist
// anyway:
//
//	job                          CreatedAt → ArchivedAt
//	├─ accept                    CreatedAt → stored; links the caller's own trace
//	├─ queue                     CreatedAt → PlacedAt
//	├─ provision                 PlacedAt  → StartedAt
//	│   ├─ sandbox.create        in the agent
//	│   └─ sandbox.start         in the agent
//	├─ run                       StartedAt → EndedAt
//	│   └─ first_byte            StartedAt → first byte of output in the store
//	└─ teardown                  EndedAt   → ArchivedAt
//	    ├─ seal                  EndedAt   → output complete and durable
//	    └─ sandbox.destroy       in the agent
//
// Control and agent make spans of the same trace without telling each other of
// it: the trace's id, and the ids of the spans that have children, are derived
// from the job's id (see TraceID). So the protocol between them and the store
// know nothing of traces, and a job is found in a tracing system by its id.
//
// Attributes are ids, statuses, counts and kinds of errors. Nothing that a job
// is given or writes, no message of an error and no name that a caller chose is
// among them.
package tracing

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"glovebox"
)

// Config is what a Tracer needs besides the environment.
type Config struct {
	Process string                   // "control" or "agent"
	Version string                   // of the program
	Getenv  func(name string) string // os.Getenv
	Log     *slog.Logger             // told, now and then, that spans cannot be sent
	Now     func() time.Time         // time.Now if nil
}

// Tracer sends spans. Sending happens behind: what cannot be sent in time is
// dropped, and nothing waits for it.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	now      func() time.Time
}

// Open returns a Tracer, or nil if the environment names nobody to send spans
// to. KindUsage for a setting that cannot be used; an endpoint that does not
// answer is no error.
func Open(ctx context.Context, c Config) (*Tracer, error) {
	on, err := wanted(c.Getenv)
	if err != nil || !on {
		return nil, err
	}
	sampler, err := sampler(c.Getenv)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx) // reads its own variables
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindUsage, "traces: %w", err).Try("check the variables that begin with OTEL_")
	}
	// What the environment says of the resource comes last and wins. Nothing is
	// looked up about the process: its arguments are nobody's business.
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "glovebox-"+c.Process),
			attribute.String("service.version", c.Version), attribute.String("glovebox.process", c.Process)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindUsage, "traces: %w", err).On("OTEL_RESOURCE_ATTRIBUTES").Try("use key=value,key=value")
	}
	otel.SetErrorHandler(newComplaints(c.Log, time.Minute))
	return newTracer(sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about), sdk.WithSampler(sampler),
		sdk.WithIDGenerator(ids{})), c.Now), nil
}

func newTracer(p *sdk.TracerProvider, now func() time.Time) *Tracer {
	if now == nil {
		now = time.Now
	}
	return &Tracer{p, p.Tracer("glovebox"), now}
}

// Close sends what is left, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil {
		return glovebox.Errorf(glovebox.KindUnavailable, "the last spans could not be sent: %w", err)
	}
	return nil
}
