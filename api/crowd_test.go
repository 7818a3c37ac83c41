package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/identity"
)

// slow gives a request a body that goes on until end is called. It returns when
// the server has begun to read it.
func (w *world) slow(addr string, r *http.Request) (end func()) {
	w.t.Helper()
	body, feed := io.Pipe()
	r.Body, r.ContentLength = body, -1
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.from(addr, r)
	}()
	if _, err := feed.Write([]byte("{")); err != nil { // waits for a reader
		w.t.Fatal(err)
	}
	return func() {
		_ = feed.Close()
		<-done
	}
}

// promptly fails unless the answer comes soon.
func (w *world) promptly(ask func() answer) answer {
	w.t.Helper()
	got := make(chan answer, 1)
	go func() { got <- ask() }()
	select {
	case a := <-got:
		return a
	case <-time.After(10 * time.Second):
		w.t.Fatal("no answer")
		return answer{}
	}
}

// TestSlowBodiesOfStrangers: who has not said anything yet is no try at
// guessing, so it keeps nobody at its address from being let in.
func TestSlowBodiesOfStrangers(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Rates = api.Rates{Failures: api.Rate{PerSecond: 0.001, Burst: 2}} })
	p := w.admin("acme")
	for range 2 {
		defer w.slow("192.0.2.1:1", w.request("POST", "/v1/login/begin", "{}"))()
	}
	r := p.prove(w.request("GET", "/v1/version", ""))
	w.want(w.promptly(func() answer { return w.from("192.0.2.1:2", r) }), http.StatusOK, nil)
}

// TestPlacesOfOneCaller: nobody can take all the places there are, and nobody
// from elsewhere those of the operator.
func TestPlacesOfOneCaller(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Caps = api.Caps{Calls: 3, EachCalls: 2} })
	p := w.admin("acme")
	viewer := p.invite("Vera", identity.RoleViewer)
	hold := func(who *person) func() {
		return w.slow("192.0.2.1:1", who.prove(w.request("POST", "/v1/step-up/begin", "{}")))
	}
	version := func(who *person) answer {
		return w.from("192.0.2.2:1", who.prove(w.request("GET", "/v1/version", "")))
	}
	first, second := hold(viewer), hold(viewer)
	w.tooMany(version(viewer), "1")
	w.want(version(p), http.StatusOK, nil)
	third := hold(p)
	w.problem(version(p.invite("Ada", identity.RoleViewer)), glovebox.KindUnavailable, "") // all three are taken
	w.want(w.do("GET", "/v1/version", ""), http.StatusOK, nil)                             // the operator has its own
	first()
	w.want(version(viewer), http.StatusOK, nil)
	second()
	third()
}

// bursts are the events of those who came too often.
func (w *world) bursts(tenant string) (all []glovebox.AuditEvent) {
	w.t.Helper()
	all, err := w.store.AuditEvents(w.t.Context(), glovebox.AuditFilter{Tenant: tenant, Action: "request.limit"})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range all {
		if e.OK || e.Kind != glovebox.KindTooMany || e.Detail["limit"] == "" {
			w.t.Errorf("%+v", e)
		}
	}
	return all
}

// TestFloodOfRefusals: who tries what they may not do leaves an event each
// time, and so cannot go on for ever; what is not even tried leaves one a burst.
func TestFloodOfRefusals(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Rates = api.Rates{Refusals: api.Rate{PerSecond: 0.1, Burst: 5}} })
	p := w.admin("acme")
	viewer := p.invite("Vera", identity.RoleViewer)
	ask := func(who *person, path string) answer {
		return w.from("192.0.2.1:1", who.prove(w.request("GET", path, "")))
	}
	for range 5 {
		w.problem(ask(viewer, "/v1/people"), glovebox.KindDenied, "")
	}
	_, before := w.store.counts()
	for range 50 {
		w.tooMany(ask(viewer, "/v1/people"), "10")
	}
	if _, after := w.store.counts(); after != before+1 {
		t.Errorf("%d events", after-before)
	}
	if told := w.bursts("acme"); len(told) != 1 || told[0].Actor != viewer.caller().Name || told[0].Detail["limit"] != "too many refusals" || told[0].Detail["held"] != "" {
		t.Errorf("%+v", told)
	}
	w.want(ask(p, "/v1/people"), http.StatusOK, nil)
	w.clock.pass(10 * time.Second)
	w.want(ask(viewer, "/v1/version"), http.StatusOK, nil)
}

// TestBursts: of those who come too often the first answer of a minute is told
// of, with the number of those of the minute before, by address where nobody is
// known; and of all of them together not without bounds.
func TestBursts(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Rates = api.Rates{Open: api.Rate{PerSecond: 0.001, Burst: 1}} })
	ask := func(from string) answer { return w.from(from, w.request("GET", "/openapi.json", "")) }
	flood := func(n int) {
		for range n {
			if a := ask("192.0.2.1:1"); a.StatusCode != http.StatusTooManyRequests {
				t.Fatalf("%s", a.Status)
			}
		}
	}
	w.want(ask("192.0.2.1:1"), http.StatusOK, nil)
	flood(20)
	w.clock.pass(50 * time.Second)
	flood(5)
	w.clock.pass(10 * time.Second)
	flood(3)
	told := w.bursts("installation")
	if len(told) != 2 || told[0].Detail["held"] != "" || told[1].Detail["held"] != "24" || told[0].Detail["address"] != "192.0.2.1" || told[0].Actor != "" {
		t.Errorf("%+v", told)
	}
	for n := range 250 {
		from := fmt.Sprintf("198.51.%d.%d:1", n/200, n%200)
		w.want(ask(from), http.StatusOK, nil)
		ask(from)
	}
	if n := len(w.bursts("installation")); n != 100 {
		t.Errorf("250 addresses left %d events", n)
	}
}

// TestFloodOfRefusedJobs: each job that quota or policy refuses is an event, so
// nobody may have them refused at will. Everything else they may do meanwhile.
func TestFloodOfRefusedJobs(t *testing.T) {
	w := newWorld(t, func(c *api.Config) {
		c.Rates = api.Rates{Submits: api.Rate{PerSecond: 0.1, Burst: 5}}
		c.Service = full{c.Service}
	})
	p := w.admin("acme")
	ask := func(method, path, body string) answer {
		return w.from("192.0.2.1:1", p.prove(w.request(method, path, body)))
	}
	job := `{"containerImage":"a"}`
	for range 5 {
		w.problem(ask("POST", "/v1/jobs", job), glovebox.KindTooMany, "quota.queuedJobs")
	}
	w.tooMany(ask("POST", "/v1/jobs", job), "10")
	w.want(ask("GET", "/v1/jobs", ""), http.StatusOK, nil)
	w.clock.pass(10 * time.Second)
	w.problem(ask("POST", "/v1/jobs", job), glovebox.KindTooMany, "quota.queuedJobs")
	if told := w.bursts("acme"); len(told) != 1 || told[0].Detail["limit"] != "too many refused jobs" {
		t.Errorf("%+v", told)
	}
}

// full is a service whose tenants have as many jobs as they may.
type full struct{ api.Service }

func (full) Submit(context.Context, glovebox.Principal, glovebox.Spec, *glovebox.IdempotencyKey) (glovebox.Job, bool, error) {
	return glovebox.Job{}, false, told{glovebox.Errorf(glovebox.KindTooMany, "full").On("quota.queuedJobs")}
}

// told is an error of which there is an event.
type told struct{ error }

func (e told) Unwrap() error   { return e.error }
func (told) WrittenDown() bool { return true }

// TestFloodOfChanges: what changes something has a rate of its own, for it
// leaves documents and events behind.
func TestFloodOfChanges(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Rates = api.Rates{Changes: api.Rate{PerSecond: 0.1, Burst: 3}} })
	p := w.admin("acme")
	begin := func() answer {
		return w.from("192.0.2.1:1", p.prove(w.request("POST", "/v1/step-up/begin", `{"action":"recovery.codes"}`)))
	}
	for range 3 {
		w.want(begin(), http.StatusOK, nil)
	}
	before, _ := w.store.counts()
	w.tooMany(begin(), "10")
	if after, _ := w.store.counts(); after != before+2 { // of the proof, and of the burst
		t.Errorf("%d commits", after-before)
	}
	w.want(w.from("192.0.2.1:1", p.prove(w.request("GET", "/v1/version", ""))), http.StatusOK, nil)
}
