package tracing_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"glovebox"
	"glovebox/internal/tracing"
)

var getenv = os.Getenv

// What no span may hold.
const (
	canaryEnv    = "canary-env-5b1c"
	canaryArg    = "canary-arg-77e0"
	canaryStdin  = "canary-stdin-f3d9"
	canaryOutput = "canary-output-0a42"
	canaryToken  = "canary-token-c8aa"
	canaryImage  = "canary-image-19be"
	canaryLabel  = "canary-label-e5f1"
)

var canaries = []string{canaryEnv, canaryArg, canaryStdin, canaryOutput, canaryToken, canaryImage, canaryLabel}

// parents of every span that may be in a job's trace.
var parents = map[string]string{
	"job": "", "accept": "job", "queue": "job", "provision": "job", "run": "job", "teardown": "job", "first_byte": "run",
	"seal": "teardown", "sandbox.create": "provision", "sandbox.start": "provision", "sandbox.destroy": "teardown",
}

func spec(args ...string) glovebox.Spec {
	return glovebox.Spec{Image: canaryImage, Cmd: args, Env: map[string]string{"SECRET": canaryEnv}, Stdin: []byte(canaryStdin),
		Labels: map[string]string{"l": canaryLabel}}
}

// submit does so as the API does for a request with a traceparent.
func (r *rig) submit(s glovebox.Spec) glovebox.Job {
	r.t.Helper()
	var job glovebox.Job
	h := tracing.Inbound(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		var err error
		if job, _, err = r.Submit(q.Context(), me, s, nil); err != nil {
			r.t.Error(err)
		}
	}))
	q := httptest.NewRequest(http.MethodPost, "/v1/jobs", nil)
	q.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	q.Header.Set("Tracestate", "vendor="+canaryToken)
	q.Header.Set("Authorization", "DPoP "+canaryToken)
	h.ServeHTTP(httptest.NewRecorder(), q)
	return job
}

// TestTrace: a job's trace is whole, whatever becomes of the job: every span
// has its parent in the trace, lies within it and ends after it begins; and in
// all that the collector gets, nothing is of the job's own.
func TestTrace(t *testing.T) {
	r := newRig(t)
	all := []string{"job", "accept", "queue", "provision", "sandbox.create", "sandbox.start", "run", "teardown", "seal", "sandbox.destroy"}
	cases := []struct {
		name   string
		args   []string
		cancel bool
		spans  []string
		fault  string
		job    glovebox.Job
	}{
		{name: "completes with output", args: []string{"echo", canaryOutput, canaryArg}, spans: append([]string{"first_byte"}, all...)},
		{name: "completes without", args: []string{"exit", "7"}, spans: all},
		{name: "fails to start", args: []string{"fault", "start"}, spans: without(all, "run"), fault: "start_failed"},
		{name: "is cancelled", args: []string{"sleep", "1m"}, cancel: true, spans: all},
	}
	for i, c := range cases {
		id := r.submit(spec(c.args...)).ID
		if c.cancel {
			if _, err := r.Cancel(t.Context(), me, r.running(id)); err != nil {
				t.Fatal(err)
			}
		}
		cases[i].job = r.archived(id)
	}
	r.flush()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			id := tracing.TraceID(c.job.ID)
			trace := r.collector.trace(id[:])
			if got, want := slices.Sorted(maps.Keys(trace)), slices.Sorted(slices.Values(c.spans)); !slices.Equal(got, want) {
				t.Fatalf("spans %q, want %q", got, want)
			}
			whole(t, trace)
			atTheTimesOf(t, trace, c.job)
			if s := trace["job"].GetStatus(); s.GetMessage() != c.fault {
				t.Errorf("the job's span says %v, want %q", s, c.fault)
			}
			for name, s := range trace {
				if from := r.collector.from[hex.EncodeToString(s.GetSpanId())]; (from == "agent") != inAgent(name) {
					t.Errorf("%s comes from %s", name, from)
				}
			}
			links := trace["accept"].GetLinks()
			if len(links) != 1 || hex.EncodeToString(links[0].GetTraceId()) != "0af7651916cd43dd8448eb211c80319c" {
				t.Errorf("links to %v", links)
			}
			if !r.collector.holds(c.job.ID) {
				t.Error("the search finds nothing at all")
			}
		})
	}
	for _, secret := range canaries {
		if r.collector.holds(secret) {
			t.Errorf("the collector got %s", secret)
		}
	}
	if twice := r.collector.twice(); len(twice) > 0 {
		t.Errorf("more than once: %q", twice)
	}
}

func inAgent(name string) bool { return strings.HasPrefix(name, "sandbox.") }

func without(all []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == name })
}

// running waits until a job runs.
func (r *rig) running(id string) string {
	r.t.Helper()
	for version := int64(0); ; {
		job, err := r.Watch(r.t.Context(), me, id, version)
		if err != nil || job.Status.Ended() {
			r.t.Fatalf("%s, %v", job.Status, err)
		}
		if job.Status == glovebox.StatusRunning {
			return id
		}
		version = job.Version
	}
}

// whole checks parents, order and durations.
func whole(t *testing.T, trace map[string]*otlp.Span) {
	t.Helper()
	for name, s := range trace {
		if s.GetEndTimeUnixNano() < s.GetStartTimeUnixNano() {
			t.Errorf("%s ends before it begins", name)
		}
		parent, ok := trace[parents[name]]
		switch {
		case name == "job":
			if len(s.GetParentSpanId()) != 0 {
				t.Errorf("the job's span has a parent")
			}
			continue
		case !ok || !bytes.Equal(s.GetParentSpanId(), parent.GetSpanId()):
			t.Errorf("%s is not a child of %s", name, parents[name])
			continue
		case inAgent(name):
			continue // on the node's clock; the rig's calls are not where a sandbox's would be
		}
		if s.GetStartTimeUnixNano() < parent.GetStartTimeUnixNano() {
			t.Errorf("%s begins before %s", name, parents[name])
		}
		if name != "first_byte" && s.GetEndTimeUnixNano() > parent.GetEndTimeUnixNano() {
			t.Errorf("%s ends %dns after %s", name, s.GetEndTimeUnixNano()-parent.GetEndTimeUnixNano(), parents[name])
		}
	}
}

// atTheTimesOf checks that the stages follow each other without a gap, at the
// times that the job has.
func atTheTimesOf(t *testing.T, trace map[string]*otlp.Span, j glovebox.Job) {
	t.Helper()
	at := j.CreatedAt
	for _, name := range []string{"queue", "provision", "run", "teardown"} {
		s, ok := trace[name]
		if !ok {
			continue
		}
		if got := time.Unix(0, int64(s.GetStartTimeUnixNano())); !got.Equal(at) {
			t.Errorf("%s begins at %s, want %s", name, got, at)
		}
		at = time.Unix(0, int64(s.GetEndTimeUnixNano()))
	}
	if !at.Equal(j.ArchivedAt) {
		t.Errorf("the last stage ends at %s, want %s", at, j.ArchivedAt)
	}
}

// TestInboundLooks: what is no traceparent is no link, and reaches the next
// handler all the same.
func TestInboundLooks(t *testing.T) {
	for _, value := range []string{"", "00-0-0-00", "ff", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "x\x00"} {
		served := false
		h := tracing.Inbound(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
			served = true
			if q.Context() != context.Background() {
				t.Errorf("%q was taken over", value)
			}
		}))
		q := httptest.NewRequest(http.MethodPost, "/v1/jobs", nil).WithContext(context.Background())
		q.Header["Traceparent"] = []string{value}
		h.ServeHTTP(httptest.NewRecorder(), q)
		if !served {
			t.Errorf("%q stopped the request", value)
		}
	}
}

// TestRuntimeKeepsStdin: the agent asks the runtime whether it closes stdin.
func TestRuntimeKeepsStdin(t *testing.T) {
	c := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.server.URL)
	tr := open(t, "agent")
	defer tr.Close(t.Context())
	if _, ok := tr.Runtime(sandboxes{}).(glovebox.StdinCloser); !ok {
		t.Error("a runtime that closes stdin does not any more")
	}
	if _, ok := tr.Runtime(struct{ glovebox.Runtime }{sandboxes{}}).(glovebox.StdinCloser); ok {
		t.Error("a runtime that does not close stdin says that it does")
	}
	var off *tracing.Tracer
	if rt := off.Runtime(sandboxes{}); rt != (sandboxes{}) {
		t.Error("a tracer that is off stands in the way")
	}
}
