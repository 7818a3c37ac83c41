package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"glovebox/api"
	"glovebox/api/apitest"
	"glovebox/api/wire"
	"glovebox/blob/memory"
	"glovebox/identity"
	"glovebox/output"
)

// bare is a handler without a server, for speed.
func bare() http.Handler {
	return api.NewHandler(api.Config{
		Service: apitest.NewService(), Images: &apitest.Images{}, Logs: output.New(memory.New()),
		Auth: func(*http.Request) (identity.Caller, error) { return identity.Operator(0), nil },
	})
}

// sane fails on an answer that no input may lead to.
func sane(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code >= 500 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if w.Code < 400 {
		return
	}
	var p wire.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if p.Status != w.Code || p.Kind.Info().Status != w.Code || p.Type != wire.ProblemType(p.Kind) {
		t.Fatalf("status %d with %s", w.Code, w.Body)
	}
}

// FuzzSubmit: whatever the body, the answer is a job or a problem that is the
// caller's to mend, and a job is accepted only if it can be said in JSON again.
func FuzzSubmit(f *testing.F) {
	for _, k := range badBodies {
		if len(k.body) < 10_000 {
			f.Add(k.body)
		}
	}
	f.Add(`{"containerImage":"a","cmd":["x"],"env":{"A":"b"},"limits":{"cpus":0.5}}`)
	h := bare()
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/v1/jobs", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		sane(t, w)
		if w.Code == http.StatusAccepted {
			var job wire.Job
			if err := json.Unmarshal(w.Body.Bytes(), &job); err != nil || job.ID == "" {
				t.Fatalf("%v in %s", err, w.Body)
			}
		}
	})
}

// FuzzTarget: the same for paths, queries and a header.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"/v1/jobs?limit=5", "/v1/jobs/j0?x", "/v1/jobs/jx/output?offset=-1", "/v1/images?name=%00", "/v1/jobs?label=a=b&since=2020-01-01T00:00:00Z"} {
		f.Add("GET", s, "1-2-3-4")
		f.Add("DELETE", s, "*")
	}
	h := bare()
	f.Fuzz(func(t *testing.T, method, target, header string) {
		r, err := http.NewRequest(method, "http://glovebox"+target, nil)
		if err != nil || !strings.HasPrefix(target, "/") {
			t.Skip()
		}
		r.Body = http.NoBody
		for _, name := range []string{"Last-Event-ID", "If-None-Match", "If-Match", "Accept", "Content-Type"} {
			r.Header.Set(name, header)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		sane(t, w)
	})
}
