package tracing_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collected is a collector of OTLP over HTTP, and everything that it got.
type collected struct {
	server *httptest.Server

	mu    sync.Mutex
	raw   bytes.Buffer // headers and bodies
	spans []*otlp.Span
	from  map[string]string // glovebox.process by span id
}

func newCollector(t *testing.T) *collected {
	c := &collected{from: map[string]string{}}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &request)
		}
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s: %v", r.URL.Path, r.Header.Get("Content-Type"), err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		_ = r.Header.Write(&c.raw)
		c.raw.Write(body)
		for _, rs := range request.GetResourceSpans() {
			process := ""
			for _, a := range rs.GetResource().GetAttributes() {
				if a.GetKey() == "glovebox.process" {
					process = a.GetValue().GetStringValue()
				}
			}
			for _, ss := range rs.GetScopeSpans() {
				for _, s := range ss.GetSpans() {
					c.spans = append(c.spans, s)
					c.from[hex.EncodeToString(s.GetSpanId())] = process
				}
			}
		}
		answer, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(answer)
	}))
	t.Cleanup(c.server.Close)
	return c
}

// trace is the spans of a trace by name.
func (c *collected) trace(id []byte) map[string]*otlp.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]*otlp.Span{}
	for _, s := range c.spans {
		if bytes.Equal(s.GetTraceId(), id) {
			found[s.GetName()] = s
		}
	}
	return found
}

// twice are the spans of which there is more than one in a trace.
func (c *collected) twice() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[string]bool{}
	var twice []string
	for _, s := range c.spans {
		key := hex.EncodeToString(s.GetTraceId()) + " " + s.GetName()
		if seen[key] {
			twice = append(twice, key)
		}
		seen[key] = true
	}
	return twice
}

func (c *collected) holds(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Contains(c.raw.Bytes(), []byte(text))
}
