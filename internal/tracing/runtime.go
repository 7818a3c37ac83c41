package tracing

import (
	"context"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"glovebox"
)

// Runtime returns rt with a span for every sandbox that is created, started
// and destroyed; rt itself if t is nil. It closes stdin if rt does.
func (t *Tracer) Runtime(rt glovebox.Runtime) glovebox.Runtime {
	if t == nil {
		return rt
	}
	traced := &runtime{rt, t}
	if closer, ok := rt.(glovebox.StdinCloser); ok {
		return struct {
			*runtime
			glovebox.StdinCloser
		}{traced, closer}
	}
	return traced
}

type runtime struct {
	glovebox.Runtime
	t *Tracer
}

// Create implements glovebox.Runtime.
func (r *runtime) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	began := r.t.now()
	err := r.Runtime.Create(ctx, s)
	r.note(nameCreate, s.ID, began, err, attribute.String("glovebox.runtime", s.Runtime),
		attribute.String("glovebox.image.digest", s.Image.Digest))
	return err
}

// Start implements glovebox.Runtime.
func (r *runtime) Start(ctx context.Context, id string) error {
	began := r.t.now()
	err := r.Runtime.Start(ctx, id)
	r.note(nameStart, id, began, err)
	return err
}

// Destroy implements glovebox.Runtime.
func (r *runtime) Destroy(ctx context.Context, id string) error {
	began := r.t.now()
	err := r.Runtime.Destroy(ctx, id)
	r.note(nameDestroy, id, began, err)
	return err
}

func (r *runtime) note(name, id string, began time.Time, err error, attrs ...attribute.KeyValue) {
	i := strings.LastIndexByte(id, '-') // the inverse of glovebox.SandboxID
	if i < 0 {
		return
	}
	attempt, bad := strconv.Atoi(id[i+1:])
	if bad != nil {
		return // none of a job's
	}
	r.t.emit(span{job: id[:i], name: name, attempt: attempt, start: began, end: r.t.now(), attrs: attrs, fault: failure(err)})
}
