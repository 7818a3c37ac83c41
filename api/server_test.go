package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/api/apitest"
	"glovebox/api/wire"
	"glovebox/store/memory"
)

// tester sends raw requests and holds every answer against the OpenAPI
// document that the same server gives.
type tester struct {
	*apitest.Server
	t    testing.TB
	http *http.Client
	doc  *document
}

func start(t testing.TB, change ...func(*api.Config)) *tester {
	t.Helper()
	whole := func(c *api.Config) { parts(t, c, "https://localhost:8443", memory.New(), time.Now) }
	s := apitest.Start(t, append([]func(*api.Config){whole}, change...)...)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.Socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	c := &tester{Server: s, t: t, http: &http.Client{Transport: transport}}
	c.doc = readDocument(t, c.http)
	return c
}

// answer is a response read whole.
type answer struct {
	*http.Response
	body []byte
}

// do sends a request; headers are "Name: value". A body without a content
// type is JSON.
func (c *tester) do(method, path, body string, headers ...string) answer {
	c.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, "http://glovebox"+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if value == "" {
			req.Header.Del(name)
		} else {
			req.Header.Add(name, value)
		}
	}
	return c.send(req)
}

func (c *tester) send(req *http.Request) answer {
	c.t.Helper()
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s %s: reading: %v", req.Method, req.URL, err)
	}
	a := answer{resp, b}
	c.doc.check(c.t, req, a)
	return a
}

// want fails unless the answer has the status, and decodes it into v if that
// is not nil.
func (c *tester) want(a answer, status int, v any) {
	c.t.Helper()
	if a.StatusCode != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", a.Request.Method, a.Request.URL, a.StatusCode, status, a.body)
	}
	if v != nil {
		if err := json.Unmarshal(a.body, v); err != nil {
			c.t.Fatalf("%v in %s", err, a.body)
		}
	}
}

// problem fails unless the answer is a problem of the kind about the field.
func (c *tester) problem(a answer, kind glovebox.Kind, field string) wire.Problem {
	c.t.Helper()
	var p wire.Problem
	c.want(a, kind.Info().Status, &p)
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		c.t.Errorf("content type %q", got)
	}
	if p.Kind != kind || p.Field != field {
		c.t.Errorf("kind %q, field %q; want %q, %q: %s", p.Kind, p.Field, kind, field, a.body)
	}
	if p.Type != "urn:glovebox:problem:"+string(kind) || p.Title != kind.Info().Title || p.Status != a.StatusCode || p.Detail == "" {
		c.t.Errorf("not a whole problem: %s", a.body)
	}
	if p.RequestID == "" || p.RequestID != a.Header.Get("Glovebox-Request-Id") {
		c.t.Errorf("request id %q, header %q", p.RequestID, a.Header.Get("Glovebox-Request-Id"))
	}
	return p
}

// submit submits a small job and returns it.
func (c *tester) submit(more string) wire.Job {
	c.t.Helper()
	var job wire.Job
	c.want(c.do("POST", "/v1/jobs", `{"containerImage":"busybox","cmd":["true"]`+more+`}`), http.StatusAccepted, &job)
	return job
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8*13 + i>>16)
	}
	return p
}

var nasty = bytes.Join([][]byte{
	{0, 0xff, 0xfe, 0xc3, 0x28, '\r', '\n', '\n', 0}, []byte("\x1b]0;x\x07data: {}\n\nevent: end\n\n"), pattern(3000),
}, nil)
