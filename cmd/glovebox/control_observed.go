package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/internal/jobwatch"
	"glovebox/internal/metrics"
	"glovebox/internal/tracing"
)

// observers see what passes through control's interfaces, if somebody asked
// for numbers or traces; otherwise nothing stands there.
type observers struct {
	metrics *metrics.Metrics
	tracer  *tracing.Tracer
	watch   *jobwatch.Watcher
}

// gauges are what is read for the numbers when somebody asks.
type gauges struct {
	jobs     glovebox.Jobs
	placed   func() int
	waiting  func() int
	pools    func() []glovebox.PoolStatus
	sessions func(context.Context) (int, error) // where people are served
}

// openObservers makes those that are wanted.
func openObservers(ctx context.Context, f controlFlags, read gauges, log *slog.Logger) (*observers, error) {
	tracer, err := tracing.Open(ctx, tracing.Config{Process: nameControl, Version: buildName(), Getenv: os.Getenv, Log: log})
	if err != nil {
		return nil, err
	}
	o := &observers{tracer: tracer}
	var told []jobwatch.Observer
	if f.metrics {
		if f.public == "" {
			read.sessions = nil
		}
		o.metrics = metrics.New(metrics.Config{
			Version: buildName(), Tenants: []string{glovebox.LocalTenant},
			Placed: read.placed, Waiting: read.waiting, Jobs: read.jobs, Sessions: read.sessions, Pools: read.pools,
		})
		told = append(told, o.metrics)
	}
	if tracer != nil {
		told = append(told, tracer)
	}
	if len(told) > 0 {
		o.watch = jobwatch.New(nil, told...)
	}
	return o, nil
}

func (o *observers) store(s glovebox.Store) glovebox.Store {
	if o.metrics != nil {
		s = o.metrics.Store(s)
	}
	if o.watch != nil {
		s = o.watch.Store(s)
	}
	return s
}

func (o *observers) blobs(b glovebox.Blobs) glovebox.Blobs {
	if o.metrics != nil {
		b = o.metrics.Blobs(b)
	}
	return b
}

func (o *observers) provider(p glovebox.Provider) glovebox.Provider {
	if o.metrics != nil {
		p = o.metrics.Provider(p)
	}
	return p
}

func (o *observers) output(out jobwatch.Output) jobwatch.Output {
	if o.metrics != nil {
		out = o.metrics.Output(out)
	}
	if o.watch != nil {
		out = o.watch.Output(out)
	}
	return out
}

// requests is an api.Config.Observe, nil if nobody counts.
func (o *observers) requests() func(api.Observation) {
	if o.metrics == nil {
		return nil
	}
	return func(v api.Observation) { o.metrics.Request(v.Route, v.Status, v.Bytes, v.Duration) }
}

func (o *observers) handler(h http.Handler) http.Handler {
	if o.tracer != nil {
		h = tracing.Inbound(h)
	}
	return h
}

func (o *observers) close() { closeTracer(o.tracer) }

// closeTracer sends the last spans, if any were made.
func closeTracer(t *tracing.Tracer) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = t.Close(ctx) // there is nobody left to tell
}
