package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// TestCallersOverTLS: a token with its proof and a cookie are callers; nothing,
// half of it or both is nobody, and that in the same words.
func TestCallersOverTLS(t *testing.T) {
	w := newWorld(t)
	p := w.admin("acme")
	a := p.do("GET", "/v1/jobs", "")
	w.want(a, http.StatusOK, nil)
	if a.ProtoMajor != 2 {
		t.Errorf("HTTP/%d", a.ProtoMajor)
	}
	w.want(w.over(p.browse(w.request("GET", "/v1/jobs", ""))), http.StatusOK, nil)
	w.want(w.over(p.browse(w.request("POST", "/v1/jobs", `{"containerImage":"a"}`))), http.StatusAccepted, nil)

	proven := func() *http.Request { return p.prove(w.request("GET", "/v1/jobs", "")) }
	replayed := proven()
	w.want(w.over(replayed), http.StatusOK, nil)
	without := func(name string) *http.Request { r := proven(); r.Header.Del(name); return r }
	for name, r := range map[string]*http.Request{
		"nothing":          w.request("GET", "/v1/jobs", ""),
		"no proof":         without("DPoP"),
		"no token":         without("Authorization"),
		"replayed":         replayed.Clone(t.Context()),
		"for another path": func() *http.Request { r := proven(); r.URL.Path = "/v1/images"; return r }(),
		"cookie as well":   p.browse(proven()),
		"two cookies":      p.browse(p.browse(w.request("GET", "/v1/jobs", ""))),
		"cookie cut": func() *http.Request {
			r := w.request("GET", "/v1/jobs", "")
			r.AddCookie(&http.Cookie{Name: "__Host-glovebox", Value: p.cookie[:9]})
			return r
		}(),
		"as a bearer": func() *http.Request { r := proven(); r.Header.Set("Authorization", "Bearer "+p.access.Token); return r }(),
	} {
		a := w.over(r)
		got := w.problem(a, glovebox.KindUnauthorized, "")
		if got.Detail != "not authenticated" || got.Hint != "log in again" {
			t.Errorf("%s: %s", name, a.body)
		}
		if h := a.Header.Get("WWW-Authenticate"); h != `DPoP algs="ES256 EdDSA"` {
			t.Errorf("%s: WWW-Authenticate %q", name, h)
		}
	}
	w.want(p.do("GET", "/v1/jobs?limit=1", ""), http.StatusOK, nil) // a proof has no query
	w.want(w.do("GET", "/v1/jobs", ""), http.StatusOK, nil)         // the operator, over the socket
}

// TestEndedSession: what a session that was ended presents is worth nothing at
// the very next request.
func TestEndedSession(t *testing.T) {
	w := newWorld(t)
	p := w.admin("acme")
	w.want(p.do("GET", "/v1/jobs", ""), http.StatusOK, nil)
	if err := w.ids.EndAllSessions(t.Context(), p.caller()); err != nil {
		t.Fatal(err)
	}
	w.problem(p.do("GET", "/v1/jobs", ""), glovebox.KindUnauthorized, "")
	w.problem(w.over(p.browse(w.request("GET", "/v1/jobs", ""))), glovebox.KindUnauthorized, "")
}

// TestCrossOrigin: no page of another site changes anything, not even by
// logging somebody in; reading is the browser's to protect.
func TestCrossOrigin(t *testing.T) {
	w := newWorld(t)
	p := w.admin("acme")
	for name, change := range map[string]func(*http.Request){
		"cross-site": func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Origin", "https://evil.example")
		},
		"same site": func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "same-site")
			r.Header.Set("Origin", "https://evil.localhost")
		},
		"origin alone": func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "https://evil.example") },
		"null":         func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "null") },
		"forged by headers": func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("X-Forwarded-Host", "evil.example")
		},
	} {
		for _, path := range []string{"/v1/jobs", "/submit", "/v1/login/begin"} {
			r := p.browse(w.request("POST", path, `{"containerImage":"a"}`))
			change(r)
			a := w.over(r)
			if w.problem(a, glovebox.KindDenied, ""); t.Failed() {
				t.Fatalf("%s %s", name, path)
			}
		}
		r := p.browse(w.request("GET", "/v1/jobs", ""))
		change(r)
		w.want(w.over(r), http.StatusOK, nil)
	}
	var page wire.JobPage
	w.want(p.do("GET", "/v1/jobs", ""), http.StatusOK, &page)
	if len(page.Jobs) != 0 {
		t.Errorf("%d jobs", len(page.Jobs))
	}
	r := p.browse(w.request("POST", "/v1/jobs", `{"containerImage":"a"}`)) // behind a proxy that changes Host
	r.Host = "inside:8080"
	w.want(w.over(r), http.StatusAccepted, nil)
	r = p.browse(w.request("POST", "/v1/jobs", "containerImage=a"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.problem(w.over(r), glovebox.KindMediaType, "")
}

// TestSecurityHeaders are on every answer; that of TLS only where there is TLS.
func TestSecurityHeaders(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/v1/jobs", "/healthz", "/nowhere"} {
		r := w.request("GET", path, "")
		r.Host = "box.example"
		a := w.over(r)
		for name, want := range map[string]string{
			"Strict-Transport-Security": "max-age=31536000", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	if a := w.do("GET", "/healthz", ""); a.Header.Get("Strict-Transport-Security") != "" {
		t.Error("the unix socket has no TLS")
	}
	if a := w.over(w.request("GET", "/healthz", "")); a.Header.Get("Strict-Transport-Security") != "" {
		t.Error("every port of localhost would have to have TLS")
	}
}

// TestLimitsOverTLS: HTTP/2 has the header limit, too, whether the client heeds
// it or is refused, and a handshake that does not go on is closed.
func TestLimitsOverTLS(t *testing.T) {
	w := newWorld(t)
	r := w.request("GET", "/healthz", "", "X-Long: "+strings.Repeat("a", 60<<10))
	resp, err := w.tls.Do(r)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("60 KiB of headers: %s", resp.Status)
		}
	}
	w.want(w.over(w.request("GET", "/healthz", "", "X-Long: "+strings.Repeat("a", 8<<10))), http.StatusOK, nil)
	conn, err := w.tls.Transport.(*http.Transport).DialContext(t.Context(), "tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begin := time.Now()
	conn.SetReadDeadline(begin.Add(10 * time.Second))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || err == nil || time.Since(begin) > 8*time.Second {
		t.Errorf("%d bytes, %v after %s", n, err, time.Since(begin))
	}
}
