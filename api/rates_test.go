package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/identity"
)

// from sends a request to the handler as if it came from an address.
func (w *world) from(addr string, r *http.Request) answer {
	w.t.Helper()
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), addr
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	a := answer{rec.Result(), rec.Body.Bytes()}
	w.doc.check(w.t, r, a)
	return a
}

// tooMany fails unless the answer says to come back after some seconds.
func (w *world) tooMany(a answer, seconds string) {
	w.t.Helper()
	w.problem(a, glovebox.KindTooMany, "")
	if got := a.Header.Get("Retry-After"); got != seconds {
		w.t.Errorf("Retry-After %q, want %s", got, seconds)
	}
}

// TestFloodOfBadCredentials: after so many failures an address is answered
// without a look at what it brings, so it cannot make us write. Others are not
// affected, and after the time that was told it is let in again.
func TestFloodOfBadCredentials(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Rates = api.Rates{Failures: api.Rate{PerSecond: 0.1, Burst: 5}} })
	p := w.admin("acme")
	bad := func() *http.Request {
		r := p.prove(w.request("GET", "/v1/jobs", ""))
		r.Header.Set("Authorization", "DPoP "+p.access.Token+"x")
		return r
	}
	w.want(w.from("192.0.2.1:1", p.prove(w.request("GET", "/v1/jobs", ""))), http.StatusOK, nil)
	for range 5 {
		w.problem(w.from("192.0.2.1:1", bad()), glovebox.KindUnauthorized, "")
	}
	before, _ := w.store.counts()
	for i := range 1000 {
		w.tooMany(w.from(fmt.Sprintf("192.0.2.1:%d", i+1), bad()), "10")
	}
	w.tooMany(w.from("192.0.2.1:1", w.request("POST", "/v1/login/code", `{"code":"x"}`)), "10")
	if after, _ := w.store.counts(); after != before+1 { // of the burst
		t.Errorf("%d commits", after-before)
	}
	w.want(w.from("192.0.2.1:1", w.request("GET", "/healthz", "")), http.StatusOK, nil) // costs nothing
	w.want(w.from("192.0.2.2:1", p.prove(w.request("GET", "/v1/jobs", ""))), http.StatusOK, nil)
	w.want(w.do("GET", "/v1/jobs", ""), http.StatusOK, nil)
	w.problem(w.from("192.0.2.1:1", w.request("GET", "/v1/jobs", "")), glovebox.KindUnauthorized, "") // no guess
	forwarded := bad()
	forwarded.Header.Set("X-Forwarded-For", "198.51.100.1")
	forwarded.Header.Set("Forwarded", "for=198.51.100.1")
	w.tooMany(w.from("192.0.2.1:1", forwarded), "10")
	w.clock.pass(10 * time.Second)
	w.want(w.from("192.0.2.1:1", p.prove(w.request("GET", "/v1/jobs", ""))), http.StatusOK, nil)
}

// TestFailuresAtOnce: requests that come together cannot get past the count,
// and good ones that come together are all served.
func TestFailuresAtOnce(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Rates = api.Rates{Failures: api.Rate{PerSecond: 0.001, Burst: 5}} })
	p := w.admin("acme")
	flood := func(addr string, r func() *http.Request) map[int]int {
		var mu sync.Mutex
		counts := map[int]int{}
		var all sync.WaitGroup
		for range 200 {
			one := r()
			all.Go(func() {
				a := w.from(addr, one)
				mu.Lock()
				defer mu.Unlock()
				counts[a.StatusCode]++
			})
		}
		all.Wait()
		return counts
	}
	if n := flood("192.0.2.1:1", func() *http.Request { return p.prove(w.request("GET", "/v1/version", "")) }); n[200] != 200 {
		t.Errorf("good ones: %v", n)
	}
	_, before := w.store.counts()
	n := flood("192.0.2.1:1", func() *http.Request { return w.request("GET", "/v1/version", "", "Authorization: DPoP x") })
	if _, after := w.store.counts(); n[401] != 5 || n[429] != 195 || after-before != 5+1 { // and one of the burst
		t.Errorf("bad ones: %v, %d events", n, after-before)
	}
}

// TestIPv6Networks: whoever has one address has its whole network.
func TestIPv6Networks(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Rates = api.Rates{Open: api.Rate{PerSecond: 1, Burst: 3}} })
	ask := func(addr string) answer { return w.from(addr, w.request("GET", "/healthz", "")) }
	for i := range 3 {
		w.want(ask(fmt.Sprintf("[2001:db8:0:1::%x]:1", i+1)), http.StatusOK, nil)
	}
	w.tooMany(ask("[2001:db8:0:1:ffff::9]:1"), "1")
	w.want(ask("[2001:db8:0:2::1]:1"), http.StatusOK, nil)
	for range 3 {
		w.want(ask("[::ffff:192.0.2.1]:1"), http.StatusOK, nil)
	}
	w.tooMany(ask("192.0.2.1:7"), "1") // the same one
	w.clock.pass(time.Second)
	w.want(ask("192.0.2.1:7"), http.StatusOK, nil)
	for range 10 {
		w.want(w.do("GET", "/healthz", ""), http.StatusOK, nil) // the operator's own machine
	}
}

// TestRateOfOneCaller: a caller is one however they come; the operator's cap is
// another one.
func TestRateOfOneCaller(t *testing.T) {
	w := newWorld(t, func(c *api.Config) {
		c.Rates = api.Rates{Calls: api.Rate{PerSecond: 0.5, Burst: 2}, Operator: api.Rate{PerSecond: 1, Burst: 20}}
	})
	p := w.admin("acme")
	dev := p.invite("Dev", identity.RoleDeveloper)
	w.want(w.from("192.0.2.1:1", p.prove(w.request("GET", "/v1/version", ""))), http.StatusOK, nil)
	w.want(w.from("192.0.2.2:1", p.browse(w.request("GET", "/v1/version", ""))), http.StatusOK, nil)
	_, before := w.store.counts()
	w.tooMany(w.from("192.0.2.3:1", p.prove(w.request("GET", "/v1/host/tenants", ""))), "2") // before it is worth an event of its own
	if _, after := w.store.counts(); after != before+1 || len(w.bursts("acme")) != 1 {
		t.Errorf("%d events", after-before)
	}
	w.want(w.from("192.0.2.1:1", dev.prove(w.request("GET", "/v1/version", ""))), http.StatusOK, nil)
	for range 20 {
		w.want(w.do("GET", "/v1/version", ""), http.StatusOK, nil)
	}
	w.tooMany(w.do("GET", "/v1/version", ""), "1")
}
