package tracing_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"

	"glovebox"
	blobs "glovebox/blob/memory"
	"glovebox/internal/jobwatch"
	"glovebox/internal/metrics"
	"glovebox/internal/tracing"
	"glovebox/orchestrator"
	"glovebox/output"
	"glovebox/provider/fake"
	"glovebox/store/memory"
	"glovebox/store/sqlite"
)

// BenchmarkSubmit is what an accepted job costs without decorators, with those
// of metrics, of traces, and both. The collector answers in the same process,
// so its work is part of the figure, and the store in memory makes the rest as
// small as it can be.
func BenchmarkSubmit(b *testing.B) {
	for _, store := range []string{"memory", "sqlite"} {
		for _, c := range []struct {
			name            string
			counted, traced bool
		}{{"off", false, false}, {"metrics", true, false}, {"traces", false, true}, {"both", true, true}} {
			b.Run(store+"/"+c.name, func(b *testing.B) {
				o := benchRig(b, store, c.counted, c.traced)
				s := glovebox.Spec{Image: "box", Cmd: []string{"true"}}
				b.ReportAllocs()
				before := cpu(b)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, _, err := o.Submit(context.Background(), me, s, nil); err != nil {
							b.Error(err)
							return
						}
					}
				})
				b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// cpu is the processor time of this process so far, in nanoseconds: other than
// the time on the wall it does not count what else the machine does.
func cpu(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// benchRig is an orchestrator that accepts and places jobs, and does nothing
// more about them.
func benchRig(b *testing.B, store string, counted, traced bool) *orchestrator.Orchestrator {
	b.Helper()
	var s glovebox.Store = flat{memory.New()}
	if store == "sqlite" {
		var err error
		if s, err = sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "store.db")); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
	}
	var p glovebox.Provider = fake.New(1 << 40)
	var observers []jobwatch.Observer
	if counted {
		m := metrics.New(metrics.Config{Tenants: []string{glovebox.LocalTenant}})
		s, p, observers = m.Store(s), m.Provider(p), append(observers, m)
	}
	if traced {
		sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
		b.Cleanup(sink.Close)
		b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.URL)
		tr, err := tracing.Open(b.Context(), tracing.Config{Process: "control", Getenv: getenv, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = tr.Close(context.Background()) })
		observers = append(observers, tr)
	}
	if len(observers) > 0 {
		s = jobwatch.New(nil, observers...).Store(s)
	}
	o := orchestrator.New(orchestrator.Config{
		Store: s, Provider: p, Images: shelf{}, Output: kept{output.New(blobs.New())}, Tenants: rich{},
		Log: slog.New(slog.DiscardHandler), Holder: "a",
	})
	o.NodeSeen(fake.New(1 << 40).Node)
	return o
}

// flat is a store whose sums cost nothing: the one in memory adds up all jobs.
type flat struct{ glovebox.Store }

func (flat) KeptOutput(context.Context, string) (int64, error)    { return 0, nil }
func (flat) KeptArtifacts(context.Context, string) (int64, error) { return 0, nil }

// rich are tenants that may take all there is.
type rich struct{}

func (rich) Tenant(_ context.Context, id string) (glovebox.Tenant, error) {
	return glovebox.Tenant{ID: id, Quota: glovebox.MaxQuota()}, nil
}
