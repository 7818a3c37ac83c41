package api_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"glovebox"
	"glovebox/api"
	"glovebox/api/wire"
	"glovebox/identity"
	"glovebox/output"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func newSubmit(body string) *http.Request {
	r := httptest.NewRequest("POST", "/v1/jobs", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestPeerUsers(t *testing.T) {
	c := start(t, func(config *api.Config) { config.Auth = api.PeerUsers(os.Getuid() + 1) })
	for _, route := range []string{
		"GET /v1/jobs", "POST /v1/jobs", "GET /v1/jobs/jx", "GET /v1/jobs/jx/wait", "POST /v1/jobs/jx/cancel", "GET /v1/jobs/jx/output",
		"GET /v1/jobs/jx/events", "PUT /v1/jobs/jx/stdin", "POST /v1/jobs/jx/stdin", "GET /v1/images", "GET /v1/images/inspect", "POST /v1/images/import",
		"POST /v1/images/pull", "DELETE /v1/images", "GET /v1/version",
	} {
		method, path, _ := strings.Cut(route, " ")
		c.problem(c.do(method, path, ""), glovebox.KindDenied, "")
	}
	if a := c.do("GET", "/v1/jobs", ""); !strings.Contains(string(a.body), fmt.Sprintf("`glovebox up --operator-uid %d`", os.Getuid())) {
		t.Errorf("no way in is named: %s", a.body)
	}
	for _, path := range []string{"/healthz", "/v1/errors", "/openapi.json"} {
		c.want(c.do("GET", path, ""), http.StatusOK, nil)
	}
}

// TestPeerIsKnownOnlyFromASocket: without the kernel's word there is no caller.
func TestPeerIsKnownOnlyFromASocket(t *testing.T) {
	h := api.NewHandler(api.Config{Auth: api.PeerUsers(os.Getuid())})
	w := newRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/v1/jobs", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("status %d", w.Code)
	}
}

// TestEveryRouteNeedsACaller walks the document, so that a new route cannot be
// forgotten.
func TestEveryRouteNeedsACaller(t *testing.T) {
	c := start(t, func(config *api.Config) { config.Auth = api.PeerUsers() })
	open := map[string]bool{
		"getHealth": true, "listErrors": true, "getOpenAPI": true, "getKeys": true,
		"beginLogin": true, "finishLogin": true, "loginWithCode": true, "inspectLink": true, "beginEnrol": true, "finishEnrol": true,
		"getToken": true, "beginDevice": true, "getPolicySchema": true, "getReceiptKeys": true, "getReceiptSchema": true,
	}
	for path, ops := range c.doc.paths {
		for method, op := range ops {
			a := c.do(strings.ToUpper(method), strings.ReplaceAll(path, "{id}", "jx"), "")
			if got := a.StatusCode == http.StatusForbidden; got == open[op.OperationID] {
				t.Errorf("%s: %d", op.OperationID, a.StatusCode)
			}
		}
	}
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestLogHoldsNoSecrets(t *testing.T) {
	var log buffer
	var observed []api.Observation
	var mu sync.Mutex
	c := start(t, func(config *api.Config) {
		config.Log = slog.New(slog.NewTextHandler(&log, nil))
		config.Observe = func(o api.Observation) { mu.Lock(); defer mu.Unlock(); observed = append(observed, o) }
	})
	id := c.submit(`,"env":{"TOKEN":"hunter2"},"stdin":"aHVudGVyMg==","stdinStream":false`).ID
	c.do("GET", "/v1/jobs?label=hunter2", "")
	c.do("POST", "/v1/jobs", `{"hunter2":1}`)
	c.do("GET", "/v1/jobs", "", "Authorization: hunter2", "Idempotency-Key: hunter2")
	c.Place(id)
	c.Write(t, id, output.Stdout, []byte("hunter2"))
	c.Finish(t, id, 0)
	a := c.do("GET", "/v1/jobs/"+id+"/output", "")
	c.Kill() // all lines are written
	lines := log.String()
	if strings.Contains(lines, "hunter2") || strings.Contains(lines, "aHVudGVyMg") {
		t.Errorf("%s", lines)
	}
	if !strings.Contains(lines, a.Header.Get("Glovebox-Request-Id")) || !strings.Contains(lines, "unknown_field") || !strings.Contains(lines, "uid:") {
		t.Errorf("%s", lines)
	}
	mu.Lock()
	defer mu.Unlock()
	last := observed[len(observed)-1]
	if last.Route != "GET /v1/jobs/{id}/output" || last.Status != 200 || last.Bytes != 7 || last.Duration <= 0 {
		t.Errorf("%+v", last)
	}
}

func TestPanic(t *testing.T) {
	var log buffer
	c := start(t, func(config *api.Config) { config.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	c.Service.Fail(func(string) error { panic("hunter2 in " + c.Socket) })
	a := c.do("GET", "/v1/jobs", "")
	p := c.problem(a, glovebox.KindInternal, "")
	if strings.Contains(string(a.body), "hunter2") || strings.Contains(string(a.body), "goroutine") {
		t.Errorf("%s", a.body)
	}
	if lines := log.String(); !strings.Contains(lines, "hunter2") || !strings.Contains(lines, p.RequestID) || !strings.Contains(lines, "apitest") {
		t.Errorf("%s", lines)
	}
}

func TestMeta(t *testing.T) {
	c := start(t)
	var v wire.Version
	c.want(c.do("GET", "/v1/version", ""), http.StatusOK, &v)
	if v.Version != "0.0-test" || v.API != "v1" || v.Go == "" {
		t.Errorf("%+v", v)
	}
	var table wire.ErrorKinds
	c.want(c.do("GET", "/v1/errors", ""), http.StatusOK, &table)
	if len(table.Errors) != len(glovebox.Kinds()) {
		t.Errorf("%d kinds of %d", len(table.Errors), len(glovebox.Kinds()))
	}
	for _, row := range table.Errors {
		if row.Status != row.Kind.Info().Status || row.Exit != row.Kind.Info().Exit || row.Title == "" {
			t.Errorf("%+v", row)
		}
	}
	c.want(c.do("GET", "/healthz", ""), http.StatusOK, nil)
	for _, path := range []string{"/v1/jobs", "/healthz", "/openapi.json"} {
		if a := c.do("HEAD", path, ""); a.StatusCode != http.StatusOK || len(a.body) != 0 {
			t.Errorf("HEAD %s: %d", path, a.StatusCode)
		}
	}
}

// TestEveryKindHasAProblem: what any adapter may return can be told, within
// what the document allows.
func TestEveryKindHasAProblem(t *testing.T) {
	c := start(t, func(config *api.Config) {
		config.Auth = func(*http.Request) (identity.Caller, error) { return identity.Operator(0), nil }
	})
	for _, k := range glovebox.Kinds() {
		c.Service.Fail(func(string) error { return glovebox.Errorf(k, "so it is") })
		w := newRecorder()
		c.Handler.ServeHTTP(w, newSubmit(`{"containerImage":"a"}`))
		c.doc.validate(t, "/components/schemas/Problem", w.Body.Bytes())
		if w.Code != k.Info().Status {
			t.Errorf("%s: %d", k, w.Code)
		}
	}
}
