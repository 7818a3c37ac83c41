package api_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/identity"
	"glovebox/output"
)

// streams are those of a job that never end by themselves.
var streams = []string{"GET /events", "GET /output?follow=true", "GET /wait?timeout=4m", "PUT /stdin"}

// opened is a stream that is under way.
type opened struct {
	route string
	resp  chan *http.Response
	err   chan error
	body  *io.PipeWriter // of stdin
}

// open begins a stream of somebody's and returns once the server is in it.
func (w *world) open(client *http.Client, route, id string, sign func(*http.Request) *http.Request) *opened {
	w.t.Helper()
	method, part, _ := strings.Cut(route, " ")
	o := &opened{route: route, resp: make(chan *http.Response, 1), err: make(chan error, 1)}
	path, query, _ := strings.Cut("/v1/jobs/"+id+part, "?")
	r := w.request(method, path, "")
	r.URL.RawQuery = query
	if method == "PUT" {
		r.Body, o.body = io.Pipe()
		r.ContentLength = -1
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	r = sign(r)
	go func() {
		resp, err := client.Do(r)
		o.resp <- resp
		o.err <- err
	}()
	if o.body != nil {
		o.body.Write([]byte("typed"))
	}
	return o
}

// ended waits for the end and returns what came until then.
func (o *opened) ended(t *testing.T) (status int, text string, err error) {
	t.Helper()
	timeout := time.AfterFunc(10*time.Second, func() { panic(o.route + " goes on") })
	defer timeout.Stop()
	resp, err := <-o.resp, <-o.err
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// cutAtOnce fails unless the stream told why it ended or broke off.
func cutAtOnce(t *testing.T, o *opened, kind glovebox.Kind) {
	t.Helper()
	status, text, err := o.ended(t)
	switch {
	case o.route == "GET /events":
		if !strings.Contains(text, "event: error\n") || !strings.Contains(text, `"kind":"`+string(kind)+`"`) || strings.Contains(text, "event: end") {
			t.Errorf("%s: %v %q", o.route, err, text)
		}
	case strings.HasPrefix(o.route, "GET /output"):
		if err == nil || !strings.HasPrefix(text, "so far") {
			t.Errorf("%s seems whole: %q", o.route, text)
		}
	case status != kind.Info().Status || !strings.Contains(text, string(kind)):
		t.Errorf("%s: %d %v %q", o.route, status, err, text)
	}
}

func (w *world) running(tenant string) string {
	id := glovebox.NewID("j")
	w.Service.Add(glovebox.Job{ID: id, Tenant: tenant, Status: glovebox.StatusRunning, Attempt: 1, Version: 3, Spec: glovebox.Spec{StdinStream: true}})
	w.Write(w.t, id, output.Stdout, []byte("so far"))
	return id
}

// follow opens all streams for p and one for the operator, and returns when
// the server follows p's session in each.
func (w *world) follow(p *person, id string) (cut []*opened, operator *opened) {
	w.t.Helper()
	var watches atomic.Int32 // all but stdin wait there for the job to change
	w.Service.Fail(func(method string) error {
		if method == "Watch" {
			watches.Add(1)
		}
		return nil
	})
	for i, route := range streams {
		sign := p.prove
		if i%2 == 0 {
			sign = p.browse
		}
		cut = append(cut, w.open(w.tls, route, id, sign))
	}
	local := w.running(glovebox.LocalTenant)
	operator = w.open(w.http, "GET /events", local, func(r *http.Request) *http.Request { r.URL.Scheme = "http"; return r })
	w.until(func() bool { return watches.Load() == 4 && w.typed(id) })
	return cut, operator
}

// until waits for what another goroutine is about to do.
func (w *world) until(done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("it does not come to that")
		}
	}
}

// typed says whether the server has begun to read a job's stdin.
func (w *world) typed(id string) bool {
	sizes, err := w.Logs.Sizes(w.t.Context(), id, 1)
	return err == nil && sizes.Stdin.Bytes > 0
}

// TestStreamsEndWithTheSession: whoever ends a session ends its streams, at
// once. The operator's go on.
func TestStreamsEndWithTheSession(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Recheck = time.Hour })
	p := w.admin("acme")
	cut, operator := w.follow(p, w.running("acme"))
	begin := time.Now()
	if err := w.ids.EndAllSessions(t.Context(), p.caller()); err != nil {
		t.Fatal(err)
	}
	for _, o := range cut {
		cutAtOnce(t, o, glovebox.KindUnauthorized)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
	w.goesOn(operator)
}

// goesOn fails if a stream of events does not carry on, and ends it.
func (w *world) goesOn(o *opened) {
	w.t.Helper()
	resp := <-o.resp
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "event: stdout") {
	}
	if err := lines.Err(); err != nil {
		w.t.Errorf("the operator's stream: %v", err)
	}
}

// TestStreamsEndElsewhere: an end that this process did not make, and one by
// the clock, is noticed soon.
func TestStreamsEndElsewhere(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *world, *person){
		"by another replica": func(t *testing.T, w *world, p *person) {
			other, err := identity.Open(t.Context(), identity.Config{
				Records: w.store, Now: w.clock.now, PublicURL: w.url, RPID: "localhost", Origins: []string{w.url},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := other.EndAllSessions(t.Context(), p.caller()); err != nil {
				t.Fatal(err)
			}
		},
		"by the clock": func(_ *testing.T, w *world, _ *person) { w.clock.pass(13 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *api.Config) { c.Recheck = 20 * time.Millisecond })
			p := w.admin("acme")
			cut, operator := w.follow(p, w.running("acme"))
			end(t, w, p)
			for _, o := range cut {
				cutAtOnce(t, o, glovebox.KindUnauthorized)
			}
			w.goesOn(operator)
		})
	}
}

// TestStreamsEndWithTheRole: a stream goes on only while a new one would be
// let in.
func TestStreamsEndWithTheRole(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Recheck = 10 * time.Millisecond })
	admin := w.admin("acme")
	dev := admin.invite("Dev", identity.RoleDeveloper)
	id := w.running("acme")
	o := w.open(w.tls, "PUT /stdin", id, dev.prove)
	w.until(func() bool { return w.typed(id) })
	op := identity.RoleOperation(dev.access.Session.Subject, identity.RoleViewer)
	if err := w.ids.SetRole(t.Context(), admin.caller(), dev.access.Session.Subject, identity.RoleViewer, admin.sign(op)); err != nil {
		t.Fatal(err)
	}
	cutAtOnce(t, o, glovebox.KindDenied)
	w.want(dev.do("GET", "/v1/jobs/"+id, ""), http.StatusOK, nil)
}

// TestStreamsOfOneCaller: one caller's streams do not take everybody's places.
func TestStreamsOfOneCaller(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Caps.Each = 2 })
	p := w.admin("acme")
	dev := p.invite("Dev", identity.RoleDeveloper)
	id := w.running("acme")
	for range 2 {
		o := w.open(w.tls, "GET /events", id, p.prove)
		resp := <-o.resp
		defer resp.Body.Close()
	}
	a := p.do("GET", "/v1/jobs/"+id+"/events", "")
	w.problem(a, glovebox.KindTooMany, "")
	if a.Header.Get("Retry-After") != "5" {
		t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
	}
	w.want(p.do("GET", "/v1/jobs/"+id, ""), http.StatusOK, nil)
	w.want(dev.do("GET", "/v1/jobs/"+id+"/output", ""), http.StatusOK, nil)
	for range 3 {
		w.want(w.do("GET", "/v1/jobs/"+w.running(glovebox.LocalTenant)+"/output", ""), http.StatusOK, nil)
	}
}

// TestStreamsOutliveAHiccup: a store that cannot say for a moment whether a
// session counts ends no stream; one that stays away ends them all.
func TestStreamsOutliveAHiccup(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Recheck = 5 * time.Millisecond })
	p := w.admin("acme")
	id := w.running("acme")
	o := w.open(w.tls, "GET /events", id, p.prove)
	resp := <-o.resp
	w.store.outage(2)
	w.until(func() bool { return w.store.left() == 0 })
	w.Finish(t, id, 0)
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(b), "event: end\n") {
		t.Errorf("%v %s", err, b)
	}
	o = w.open(w.tls, "GET /events", w.running("acme"), p.prove)
	resp, err = <-o.resp, <-o.err
	if err != nil {
		t.Fatal(err)
	}
	w.store.outage(1 << 30)
	o.resp <- resp
	o.err <- nil
	cutAtOnce(t, o, glovebox.KindUnavailable)
}

// TestStuckReaderIsLetGo: a caller that does not read what it is sent cannot
// keep its stream beyond its session.
func TestStuckReaderIsLetGo(t *testing.T) {
	over := make(chan struct{}, 1)
	w := newWorld(t, func(c *api.Config) {
		c.Recheck = time.Hour
		c.Observe = func(o api.Observation) {
			if strings.HasSuffix(o.Route, "/output") {
				over <- struct{}{}
			}
		}
	})
	p := w.admin("acme")
	id := w.running("acme")
	for range 32 {
		w.Write(t, id, output.Stdout, pattern(1<<20))
	}
	o := w.open(w.tls, "GET /output?follow=true", id, p.prove)
	resp := <-o.resp
	defer resp.Body.Close()
	select {
	case <-over:
		t.Fatal("everything fits into the buffers on the way")
	case <-time.After(200 * time.Millisecond):
	}
	if err := w.ids.EndAllSessions(t.Context(), p.caller()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-over:
	case <-time.After(5 * time.Second):
		t.Error("the stream goes on")
	}
}
