package metrics_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/blobtest"
	blobs "glovebox/blob/memory"
	"glovebox/internal/jobwatch"
	"glovebox/internal/metrics"
	"glovebox/store/memory"
	"glovebox/store/storetest"
)

// TestStore: the store behaves as without being measured.
func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) glovebox.Store { return metrics.New(metrics.Config{}).Store(memory.New()) })
}

// TestBlobs: so do the blobs.
func TestBlobs(t *testing.T) {
	blobtest.Suite(t, func(*testing.T) glovebox.Blobs { return metrics.New(metrics.Config{}).Blobs(blobs.New()) })
}

// scrape returns what the listener serves.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// wants are lines that a scrape must have.
func wants(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("there is no %s", line)
		}
	}
	if t.Failed() {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "glovebox_") && !strings.Contains(line, "_bucket{") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

// TestEveryMethodIsMeasured calls each method of each decorated interface and
// expects it under its own name: none is forgotten or mistaken for another.
func TestEveryMethodIsMeasured(t *testing.T) {
	for part, c := range map[string]struct {
		decorated func(*metrics.Metrics) any
		of        reflect.Type
		not       []string
	}{
		"store":    {func(m *metrics.Metrics) any { return m.Store(memory.New()) }, reflect.TypeFor[glovebox.Store](), nil},
		"blob":     {func(m *metrics.Metrics) any { return m.Blobs(blobs.New()) }, reflect.TypeFor[glovebox.Blobs](), nil},
		"provider": {func(m *metrics.Metrics) any { return m.Provider(noProvider{}) }, reflect.TypeFor[glovebox.Provider](), []string{"Plan"}},
	} {
		for i := range c.of.NumMethod() {
			name := c.of.Method(i).Name
			m := metrics.New(metrics.Config{})
			call(t, reflect.ValueOf(c.decorated(m)).MethodByName(name))
			if slices.Contains(c.not, name) {
				continue
			}
			wants(t, scrape(t, m), "glovebox_"+part+`_duration_seconds_count{method="`+name+`"} 1`)
		}
	}
}

// call passes zero values, and a context where one is wanted.
func call(t *testing.T, method reflect.Value) {
	t.Helper()
	var args []reflect.Value
	for i := range method.Type().NumIn() {
		switch in := method.Type().In(i); {
		case method.Type().IsVariadic() && i == method.Type().NumIn()-1:
		case in == reflect.TypeFor[context.Context]():
			args = append(args, reflect.ValueOf(t.Context()))
		case in == reflect.TypeFor[io.Reader]():
			args = append(args, reflect.ValueOf(strings.NewReader("")))
		default:
			args = append(args, reflect.Zero(in))
		}
	}
	method.Call(args)
}

type noProvider struct{}

func (noProvider) Plan(glovebox.Job) []glovebox.Resource { return nil }
func (noProvider) Make(context.Context, glovebox.Job, glovebox.Resource) (glovebox.Resource, error) {
	return glovebox.Resource{}, glovebox.Errorf(glovebox.KindUnavailable, "not now")
}
func (noProvider) Remove(context.Context, glovebox.Job, glovebox.Resource) (glovebox.Resource, error) {
	return glovebox.Resource{}, context.Canceled
}
func (noProvider) Owned(context.Context) ([]glovebox.Resource, error) { return nil, errors.New("odd") }

// TestErrors: by method and kind; a caller who gave up is nobody's fault.
func TestErrors(t *testing.T) {
	m := metrics.New(metrics.Config{})
	p := m.Provider(noProvider{})
	_, _ = p.Make(t.Context(), glovebox.Job{}, glovebox.Resource{})
	_, _ = p.Remove(t.Context(), glovebox.Job{}, glovebox.Resource{})
	_, _ = p.Owned(t.Context())
	_, _ = m.Store(memory.New()).Job(t.Context(), "t", "none")
	wants(t, scrape(t, m), `glovebox_provider_errors_total{kind="unavailable",method="Make"} 1`,
		`glovebox_provider_errors_total{kind="given_up",method="Remove"} 1`, `glovebox_provider_errors_total{kind="internal",method="Owned"} 1`,
		`glovebox_store_errors_total{kind="not_found",method="Job"} 1`)
}

// TestRequests: by the route's pattern and the status' class.
func TestRequests(t *testing.T) {
	m := metrics.New(metrics.Config{Version: "1.2"})
	m.Request("GET /v1/jobs/{id}", 200, 100, time.Millisecond)
	m.Request("GET /v1/jobs/{id}", 404, 20, time.Millisecond)
	m.Request("POST /v1/jobs", 429, 5, time.Millisecond)
	m.Request("", 404, 5, time.Millisecond)
	m.Request("GET /v1/events", 0, 0, time.Millisecond)
	wants(t, scrape(t, m), `glovebox_build_info{version="1.2"} 1`,
		`glovebox_http_requests_total{method="GET",route="/v1/jobs/{id}",status="2xx"} 1`,
		`glovebox_http_requests_total{method="GET",route="/v1/jobs/{id}",status="4xx"} 1`,
		`glovebox_http_requests_total{method="other",route="none",status="4xx"} 1`,
		`glovebox_http_requests_total{method="GET",route="/v1/events",status="none"} 1`,
		`glovebox_http_request_duration_seconds_count{method="GET",route="/v1/jobs/{id}"} 2`,
		`glovebox_http_response_bytes_total{method="GET",route="/v1/jobs/{id}"} 120`,
		`glovebox_http_limited_total{method="POST",route="/v1/jobs"} 1`)
}

var t0 = time.Unix(1_800_000_000, 0).UTC()

// TestJobs plays jobs' lives and looks at every number that comes of them.
func TestJobs(t *testing.T) {
	inner := memory.New()
	m := metrics.New(metrics.Config{
		Tenants: []string{"acme"}, Jobs: inner, Now: func() time.Time { return t0.Add(time.Minute) },
		Placed: func() int { return 3 }, Sessions: func(context.Context) (int, error) { return 5, nil },
	})
	w := jobwatch.New(func() time.Time { return t0.Add(8 * time.Second) }, m)
	s := w.Store(m.Store(inner))
	for _, c := range []struct {
		tenant  string
		outcome glovebox.Status
		reason  glovebox.Reason
	}{{"acme", glovebox.StatusCompleted, ""}, {"stranger", glovebox.StatusFailed, glovebox.ReasonTimeout}} {
		j := create(t, s, glovebox.Job{ID: glovebox.NewID("j"), Tenant: c.tenant, Status: glovebox.StatusPending, CreatedAt: t0, Due: t0})
		j.Status, j.Attempt, j.PlacedAt = glovebox.StatusProvisioning, 1, t0.Add(time.Second)
		j = update(t, s, j)
		j.Status, j.StartedAt = glovebox.StatusRunning, t0.Add(2*time.Second)
		j = update(t, s, j)
		for range 2 {
			if _, err := w.Output(pipe{}).Append(t.Context(), j.ID, 1, "stdout", 0, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		j.Status, j.Outcome, j.Reason, j.EndedAt = c.outcome, c.outcome, c.reason, t0.Add(5*time.Second)
		j = update(t, s, j)
		j.Output.Sealed = true
		j = update(t, s, j)
		j.Status, j.ArchivedAt, j.Due = glovebox.StatusArchived, t0.Add(9*time.Second), time.Time{}
		update(t, s, j)
	}
	for i := range 3 {
		create(t, s, glovebox.Job{ID: glovebox.NewID("j"), Tenant: "acme", Status: glovebox.StatusPending, CreatedAt: t0.Add(time.Duration(i) * time.Second), Due: t0})
	}
	text := scrape(t, m)
	wants(t, text,
		`glovebox_jobs_submitted_total{tenant="acme"} 4`, `glovebox_jobs_submitted_total{tenant="other"} 1`,
		`glovebox_jobs_ended_total{outcome="COMPLETED",reason="",tenant="acme"} 1`,
		`glovebox_jobs_ended_total{outcome="FAILED",reason="timeout",tenant="other"} 1`,
		`glovebox_job_queue_seconds_sum 2`, `glovebox_job_start_seconds_sum 4`, `glovebox_job_first_byte_seconds_sum 16`,
		`glovebox_job_run_seconds_sum 6`, `glovebox_job_seal_seconds_sum 6`, `glovebox_job_teardown_seconds_sum 8`,
		`glovebox_jobs{status="PENDING"} 3`, `glovebox_jobs{status="RUNNING"} 0`,
		`glovebox_queue_depth 3`, `glovebox_queue_oldest_seconds 60`, `glovebox_sandboxes_placed 3`, `glovebox_sessions 5`)
	for _, name := range []string{"queue", "start", "first_byte", "run", "seal", "teardown"} {
		wants(t, text, "glovebox_job_"+name+"_seconds_count 2")
	}
	if strings.Contains(text, "stranger") {
		t.Error("a tenant that nobody configured is named")
	}
	if id := regexp.MustCompile(`\bj[0-9a-z]{20}\b`).FindString(text); id != "" {
		t.Errorf("a job is named: %s", id)
	}
}

type pipe struct{}

func (pipe) Append(_ context.Context, _ string, _ int, _ string, offset int64, b []byte) (int64, error) {
	return offset + int64(len(b)), nil
}
func (pipe) Sizes(context.Context, string, int) (glovebox.StreamSizes, error) {
	return glovebox.StreamSizes{}, nil
}
func (pipe) Stdin(context.Context, string, int64, func([]byte) error) error { return nil }

func create(t *testing.T, s glovebox.Store, j glovebox.Job) glovebox.Job {
	t.Helper()
	j, _, err := s.CreateJob(t.Context(), j, nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func update(t *testing.T, s glovebox.Store, j glovebox.Job) glovebox.Job {
	t.Helper()
	j, err := s.UpdateJob(t.Context(), j, glovebox.Durable)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestPower: what is granted and refused is counted by the audit events that
// took effect; a stranger's words are no label.
func TestPower(t *testing.T) {
	m := metrics.New(metrics.Config{})
	s := m.Store(memory.New())
	event := func(action string, ok bool, kind glovebox.Kind, cause string) glovebox.AuditEvent {
		return glovebox.AuditEvent{Tenant: "acme", At: t0, Action: action, OK: ok, Kind: kind, Detail: map[string]string{"cause": cause}}
	}
	for _, e := range []glovebox.AuditEvent{
		event("session.open", true, "", ""), event("session.use", false, glovebox.KindUnauthorized, "access token expired"),
		event("session.use", false, glovebox.KindUnauthorized, "proof: evil words"), event("x", false, glovebox.KindUnauthorized, "evil words"),
		event("person.remove", false, glovebox.KindDenied, ""),
	} {
		if err := s.Commit(t.Context(), nil, e); err != nil {
			t.Fatal(err)
		}
	}
	stale := []glovebox.Write{{Kind: "k", Key: "k", Value: []byte("v"), If: 7}}
	if err := s.Commit(t.Context(), stale, event("session.open", true, "", "")); glovebox.KindOf(err) != glovebox.KindStale {
		t.Fatal(err)
	}
	text := scrape(t, m)
	wants(t, text, `glovebox_audit_events_total{action="session.open",granted="true"} 1`,
		`glovebox_audit_events_total{action="session.use",granted="false"} 2`, `glovebox_auth_refusals_total{cause="token"} 1`,
		`glovebox_auth_refusals_total{cause="proof"} 1`, `glovebox_auth_refusals_total{cause="other"} 1`, `glovebox_auth_refusals_total{cause="denied"} 1`)
	if strings.Contains(text, "evil") {
		t.Error("a stranger's words are a label")
	}
}

// TestLongQueue: a queue that is too long to be listed is counted by who keeps
// it; what runs is still read.
func TestLongQueue(t *testing.T) {
	s := memory.New()
	for _, status := range []glovebox.Status{glovebox.StatusPending, glovebox.StatusRunning, glovebox.StatusRunning} {
		create(t, s, glovebox.Job{ID: glovebox.NewID("j"), Tenant: "acme", Status: status, CreatedAt: t0, Due: t0})
	}
	text := scrape(t, metrics.New(metrics.Config{Jobs: s, Waiting: func() int { return 70_000 }}))
	wants(t, text, `glovebox_jobs{status="PENDING"} 70000`, `glovebox_jobs{status="RUNNING"} 2`, `glovebox_queue_depth 70000`)
	if strings.Contains(text, "\nglovebox_queue_oldest_seconds") {
		t.Error("the oldest is told, and nobody looked for it")
	}
	text = scrape(t, metrics.New(metrics.Config{Jobs: s, Waiting: func() int { return 1 }}))
	wants(t, text, `glovebox_jobs{status="PENDING"} 1`, `glovebox_jobs{status="RUNNING"} 2`)
}

// TestStoreAway: a scrape goes on without what the store does not tell.
func TestStoreAway(t *testing.T) {
	m := metrics.New(metrics.Config{Jobs: away{}, Sessions: func(context.Context) (int, error) { return 0, errors.New("away") }})
	text := scrape(t, m)
	wants(t, text, `glovebox_build_info{version=""} 1`)
	for _, name := range []string{"glovebox_jobs{", "glovebox_queue_depth", "glovebox_sessions"} {
		if strings.Contains(text, "\n"+name) {
			t.Errorf("%s is told", name)
		}
	}
}

type away struct{ glovebox.Jobs }

func (away) ListJobs(context.Context, glovebox.JobFilter) (glovebox.JobPage, error) {
	return glovebox.JobPage{}, glovebox.Errorf(glovebox.KindUnavailable, "away")
}
