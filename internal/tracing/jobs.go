package tracing

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"glovebox"
	"glovebox/internal/jobwatch"
)

var _ jobwatch.Observer = (*Tracer)(nil)

// Moved implements jobwatch.Observer: each stage of a job is a span as soon as
// it is over.
func (t *Tracer) Moved(ctx context.Context, was jobwatch.Mark, is glovebox.Job, at time.Time) {
	s := span{job: is.ID, attempt: is.Attempt, attrs: about(is)}
	if was.Version == 0 {
		t.emit(s.of(nameAccept, is.CreatedAt, at, 0).linked(ctx))
	}
	if is.Attempt > was.Attempt {
		from := is.CreatedAt
		if n := len(is.Causes); n > 0 {
			from = is.Causes[n-1].EndedAt
		}
		t.emit(s.of(nameQueue, from, is.PlacedAt, is.Attempt))
	}
	if started := jobwatch.Started(is); was.StartedAt.IsZero() && !started.IsZero() {
		t.emit(s.of(nameProvision, is.PlacedAt, started, is.Attempt))
		t.firstByte(is.ID, is.Attempt, started, was.FirstByte)
	}
	if !was.Status.Ended() && is.Status.Ended() {
		t.emit(s.of(stage(is)).failed(is))
	}
	if !was.Sealed && is.Output.Sealed && is.Attempt > 0 {
		t.emit(s.of(nameSeal, is.EndedAt, at, 0))
	}
	if was.ArchivedAt.IsZero() && !is.ArchivedAt.IsZero() {
		t.emit(s.of(nameTeardown, is.EndedAt, is.ArchivedAt, 0))
		t.emit(s.of(nameJob, is.CreatedAt, is.ArchivedAt, 0).failed(is))
	}
}

// FirstByte implements jobwatch.Observer. If the start was not reported yet,
// Moved makes the span when it is.
func (t *Tracer) FirstByte(job string, is jobwatch.Mark) {
	t.firstByte(job, is.Attempt, is.StartedAt, is.FirstByte)
}

func (t *Tracer) firstByte(job string, attempt int, started, first time.Time) {
	if !started.IsZero() && !first.IsZero() {
		t.emit(span{job: job, name: nameFirstByte, attempt: attempt, start: started, end: first})
	}
}

// of is s as the span of one stage.
func (s span) of(name string, start, end time.Time, attempt int) span {
	s.name, s.start, s.end, s.attempt = name, start, end, attempt
	return s
}

// linked names the caller's own trace, if the request told of one.
func (s span) linked(ctx context.Context) span {
	if c := inbound(ctx); c.IsValid() {
		s.links = []trace.Link{{SpanContext: c}}
	}
	return s
}

// failed marks the span of a job that did not complete.
func (s span) failed(j glovebox.Job) span {
	switch j.Outcome {
	case glovebox.StatusFailed:
		s.fault = string(j.Reason)
	case glovebox.StatusCancelled:
		s.attrs = append(s.attrs[:len(s.attrs):len(s.attrs)], attribute.Bool("glovebox.job.cancelled", true))
	}
	return s
}

// stage is the one in which a job came to its end.
func stage(j glovebox.Job) (name string, start, end time.Time, attempt int) {
	started := jobwatch.Started(j)
	switch {
	case !started.IsZero():
		return nameRun, started, j.EndedAt, j.Attempt
	case j.Attempt > 0:
		return nameProvision, j.PlacedAt, j.EndedAt, j.Attempt
	}
	return nameQueue, j.CreatedAt, j.EndedAt, 0
}

// about is what spans tell of a job.
func about(j glovebox.Job) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		attribute.String("glovebox.tenant", j.Tenant),
		attribute.String("glovebox.job.status", string(j.Status)),
		attribute.String("glovebox.runtime", j.Spec.Runtime),
	}
	if j.Node != "" {
		attrs = append(attrs, attribute.String("glovebox.node", j.Node))
	}
	if j.Image.Digest != "" {
		attrs = append(attrs, attribute.String("glovebox.image.digest", j.Image.Digest))
	}
	if j.Outcome != "" {
		attrs = append(attrs, attribute.String("glovebox.job.outcome", string(j.Outcome)))
	}
	if j.Result != nil {
		attrs = append(attrs, attribute.Int("glovebox.job.exit_code", j.Result.ExitCode))
	}
	if j.Output.Sealed {
		attrs = append(attrs, attribute.Int64("glovebox.job.stdout_bytes", j.Output.Stdout),
			attribute.Int64("glovebox.job.stderr_bytes", j.Output.Stderr))
	}
	return attrs
}
