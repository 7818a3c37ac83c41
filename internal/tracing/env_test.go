package tracing_test

import (
	"testing"

	"glovebox"
	"glovebox/internal/tracing"
)

// TestSettings: off without an endpoint, and a setting that cannot be used is
// named.
func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name  string
		env   map[string]string
		on    bool
		field string
	}{
		{"nothing", nil, false, ""},
		{"endpoint", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, true, ""},
		{"endpoint for traces", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/x"}, true, ""},
		{"disabled", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, false, ""},
		{"exporter none", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		{"exporter", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "zipkin"}, false, "OTEL_TRACES_EXPORTER"},
		{"grpc", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "OTEL_EXPORTER_OTLP_PROTOCOL"},
		{"ratio", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, true, ""},
		{"bad ratio", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, false, "OTEL_TRACES_SAMPLER_ARG"},
		{"sampler", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "jaeger_remote"}, false, "OTEL_TRACES_SAMPLER"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			tr, err := tracing.Open(t.Context(), tracing.Config{Process: "control", Getenv: getenv})
			if (tr != nil) != c.on {
				t.Errorf("on=%v, want %v", tr != nil, c.on)
			}
			switch {
			case c.field == "" && err != nil:
				t.Error(err)
			case c.field != "" && (glovebox.KindOf(err) != glovebox.KindUsage || glovebox.AsError(err).Field != c.field):
				t.Errorf("got %v, want one on %s", err, c.field)
			}
			if tr != nil {
				_ = tr.Close(t.Context()) // there was nothing to send
			}
		})
	}
}

// TestSampling: both processes decide alike about a job.
func TestSampling(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "traceidratio")
	t.Setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
	r := newRig(t)
	kept := 0
	const jobs = 24
	ids := make([]string, jobs)
	for i := range ids {
		ids[i] = r.archived(r.submit(spec("exit", "0")).ID).ID
	}
	r.flush()
	for _, id := range ids {
		trace := tracing.TraceID(id)
		switch n := len(r.collector.trace(trace[:])); n {
		case 0:
		case 10:
			kept++
		default:
			t.Errorf("%d spans of %s: neither all nor none", n, id)
		}
	}
	if kept == 0 || kept == jobs {
		t.Errorf("%d of %d traces were kept", kept, jobs)
	}
}
