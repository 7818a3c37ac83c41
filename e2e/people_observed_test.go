package e2e

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Canaries of a job: what it is given, and what it says.
const (
	canaryEnv    = "canary-env-5b1f"
	canaryStdin  = "canary-stdin-9c2e"
	canaryOutput = "canary-output-7d3a"
	hidden       = "bzmzqx-ntsots-7c3z" // canaryOutput, with every letter's place taken by the one before
)

// spansOf are the spans of a job that ran, with the process that makes each
// and its parent.
var spansOf = map[string]struct{ process, parent string }{
	"job":             {"control", ""},
	"accept":          {"control", "job"},
	"queue":           {"control", "job"},
	"provision":       {"control", "job"},
	"sandbox.create":  {"agent", "provision"},
	"sandbox.start":   {"agent", "provision"},
	"run":             {"control", "job"},
	"first_byte":      {"control", "run"},
	"teardown":        {"control", "job"},
	"sandbox.destroy": {"agent", "teardown"},
	"seal":            {"control", "teardown"},
}

// TestMetricsAndTraces follows one job by what an operator's tools see of it,
// and checks that they see nothing of what it was given or said.
func TestMetricsAndTraces(t *testing.T) {
	spans := startCollector(t)
	metrics := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p := startPeople(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + spans.server.URL, "OTEL_BSP_SCHEDULE_DELAY=100"},
		"--metrics-listen", metrics, "--debug")
	ada := p.join(p.at.FirstAdmin(), "Ada")
	ada.Must("image", "import", archives.busybox)
	r := ada.RunIn(strings.NewReader(canaryStdin), "run", "--env", "CANARY="+canaryEnv, "busybox:test", "--",
		"sh", "-c", `echo "$CANARY" "$(cat)" "$(echo '`+hidden+`' | tr a-z b-za)"`)
	if want := canaryEnv + " " + canaryStdin + " " + canaryOutput + "\n"; r.Stdout != want || r.Code != 0 {
		t.Fatalf("run: %+v", r)
	}
	id := strings.TrimSpace(ada.Must("jobs", "-q"))
	ada.job(id, "ARCHIVED")

	text := scrape(t, "http://"+metrics+"/metrics")
	for _, series := range []string{
		"glovebox_build_info{", "glovebox_jobs_submitted_total{", "glovebox_jobs_ended_total{", "glovebox_job_first_byte_seconds_count",
		"glovebox_job_teardown_seconds_count", "glovebox_http_requests_total{", "glovebox_sessions 2\n", "glovebox_audit_events_total{",
	} {
		if !strings.Contains(text, series) {
			t.Errorf("the metrics lack %s", series)
		}
	}
	spans.whole(id)
	p.box.NoResidue()
	p.box.Stop() // everything that will be said has been said
	for name, c := range map[string]struct{ said, certain string }{
		"metrics": {text, "glovebox_jobs_ended_total"}, "spans": {spans.all(), id}, "log": {p.box.Log.String(), id},
	} {
		if !strings.Contains(c.said, c.certain) {
			t.Errorf("%s is not in the %s: is it all of it?", c.certain, name)
		}
		for _, canary := range []string{canaryEnv, canaryStdin, canaryOutput} {
			if strings.Contains(c.said, canary) {
				t.Errorf("%s is in the %s", canary, name)
			}
		}
	}
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, res.Status, err)
	}
	return string(text)
}

// spanCollector is an OpenTelemetry collector, and everything that it got.
type spanCollector struct {
	t      *testing.T
	server *httptest.Server

	mu    sync.Mutex
	raw   bytes.Buffer
	spans []collected
}

// collected is a span and who sent it.
type collected struct {
	*otlp.Span
	process string
}

func startCollector(t *testing.T) *spanCollector {
	c := &spanCollector{t: t}
	c.server = httptest.NewServer(c)
	t.Cleanup(c.server.Close)
	return c
}

// ServeHTTP takes spans (OTLP over HTTP).
func (c *spanCollector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request otlp.TracesData // the same message as an export request
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		c.t.Errorf("%s: %v", r.URL.Path, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = r.Header.Write(&c.raw)
	c.raw.Write(body)
	for _, from := range request.GetResourceSpans() {
		process := ""
		for _, a := range from.GetResource().GetAttributes() {
			if a.GetKey() == "glovebox.process" {
				process = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range from.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, collected{s, process})
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// of returns the spans that are about a job, by name.
func (c *spanCollector) of(job string) map[string][]collected {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string][]collected{}
	for _, s := range c.spans {
		for _, a := range s.GetAttributes() {
			if a.GetKey() == "glovebox.job.id" && a.GetValue().GetStringValue() == job {
				found[s.GetName()] = append(found[s.GetName()], s)
			}
		}
	}
	return found
}

func (c *spanCollector) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}

// whole waits for all spans of a job, and checks that they are one trace.
func (c *spanCollector) whole(job string) {
	c.t.Helper()
	found := c.of(job)
	for end := time.Now().Add(10 * time.Second); len(found) < len(spansOf) && time.Now().Before(end); found = c.of(job) {
		time.Sleep(20 * time.Millisecond)
	}
	for name, want := range spansOf {
		all := found[name]
		if len(all) != 1 {
			c.t.Errorf("%d spans %s", len(all), name)
			continue
		}
		parent := ""
		if id := all[0].GetParentSpanId(); len(id) > 0 {
			parent = "unknown " + hex.EncodeToString(id)
			for other, s := range found {
				if bytes.Equal(s[0].GetSpanId(), id) {
					parent = other
				}
			}
		}
		if all[0].process != want.process || parent != want.parent {
			c.t.Errorf("span %s is of %s under %q, want %s under %q", name, all[0].process, parent, want.process, want.parent)
		}
		if root := found["job"]; len(root) == 1 && !bytes.Equal(all[0].GetTraceId(), root[0].GetTraceId()) {
			c.t.Errorf("span %s is of another trace", name)
		}
	}
	for name := range found {
		if _, known := spansOf[name]; !known {
			c.t.Errorf("an unexpected span %s", name)
		}
	}
}
