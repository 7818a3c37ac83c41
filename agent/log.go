package agent

import (
	"context"
	"log/slog"
	"time"

	"glovebox"
)

// LogRuntime returns rt with a line in log for every call that changes
// something, and its outcome.
func LogRuntime(rt glovebox.Runtime, log *slog.Logger) glovebox.Runtime {
	return loggingRuntime{rt, log}
}

type loggingRuntime struct {
	glovebox.Runtime
	log *slog.Logger
}

func (r loggingRuntime) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	began := time.Now()
	err := r.Runtime.Create(ctx, s)
	r.note("create sandbox", s.ID, began, err, slog.String("runtime", s.Runtime), slog.String("image", s.Image.Digest))
	return err
}

func (r loggingRuntime) Start(ctx context.Context, id string) error {
	began := time.Now()
	err := r.Runtime.Start(ctx, id)
	r.note("start command", id, began, err)
	return err
}

func (r loggingRuntime) Wait(ctx context.Context, id string) (glovebox.Exit, error) {
	began := time.Now()
	x, err := r.Runtime.Wait(ctx, id)
	if ctx.Err() == nil {
		r.note("command ended", id, began, err, slog.Int("code", x.Code), slog.String("limit", string(x.Limit)))
	}
	return x, err
}

func (r loggingRuntime) Signal(ctx context.Context, id string, signal int) error {
	began := time.Now()
	err := r.Runtime.Signal(ctx, id, signal)
	r.note("signal command", id, began, err, slog.Int("signal", signal))
	return err
}

func (r loggingRuntime) Destroy(ctx context.Context, id string) error {
	began := time.Now()
	err := r.Runtime.Destroy(ctx, id)
	r.note("destroy sandbox", id, began, err)
	return err
}

func (r loggingRuntime) note(what, id string, began time.Time, err error, more ...slog.Attr) {
	level := slog.LevelDebug
	attrs := append([]slog.Attr{slog.String("sandbox", id), slog.Duration("took", time.Since(began))}, more...)
	if err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("kind", string(glovebox.KindOf(err))), slog.Any("error", err))
	}
	r.log.LogAttrs(context.Background(), level, what, attrs...)
}
