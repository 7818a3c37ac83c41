package filter_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"glovebox"
	"glovebox/egress/filter"
)

func TestHTTPPassesByHost(t *testing.T) {
	w := newWorld(t, nil)
	s := w.site(nil, "127.0.2.1")
	p := s.port()
	w.upstream.set("api.example.com", "127.0.2.1")
	w.rules(domain("api.example.com", p, "http"))
	dst := at(w.resolve("api.example.com"), p)
	for request, want := range map[string]int{
		"GET /a HTTP/1.1\r\nHost: api.example.com\r\n\r\n":                                                  200,
		"GET /b HTTP/1.1\r\nHost: API.example.com:" + port(p) + "\r\n\r\n":                                  200,
		"GET http://api.example.com/c HTTP/1.1\r\nHost: evil.example.com\r\n\r\n":                           200, // the target counts, and replaces Host
		"GET /d HTTP/1.1\r\nHost: evil.example.com\r\n\r\n":                                                 403,
		"GET /e HTTP/1.1\r\nHost: api.example.com:1\r\n\r\n":                                                403,
		"GET /f HTTP/1.1\r\nHost: 127.0.2.2\r\n\r\n":                                                        403,
		"GET http://evil.example.com/g HTTP/1.1\r\nHost: api.example.com\r\n\r\n":                           403,
		"GET https://api.example.com/h HTTP/1.1\r\nHost: api.example.com\r\n\r\n":                           400,
		"GET http://u@api.example.com/i HTTP/1.1\r\nHost: api.example.com\r\n\r\n":                          400,
		"CONNECT evil.example.com:443 HTTP/1.1\r\nHost: evil.example.com:443\r\n\r\n":                       400,
		"CONNECT api.example.com:" + port(p) + " HTTP/1.1\r\nHost: api.example.com:" + port(p) + "\r\n\r\n": 400,
		"OPTIONS * HTTP/1.1\r\nHost: api.example.com\r\n\r\n":                                               400,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                                                  400,
		"GET /j HTTP/1.1\r\nHost: api.example.com\r\nHost: evil.example.com\r\n\r\n":                        400,
		"GET /k HTTP/1.1\r\n\r\n":                                                                           400,
		"GET /l HTTP/1.0\r\n\r\n":                                                                           403,
		"GET /m HTTP/1.1\r\nHost: api.example.com\r\nX: " + strings.Repeat("x", 80<<10) + "\r\n\r\n":        431,
		"GET /n HTTP/1.1\r\nHost : api.example.com\r\n\r\n":                                                 400,
		"nonsense\r\n\r\n": 400,
	} {
		c := w.dial(dst)
		io.WriteString(c, request)
		code, body, err := answer(c)
		if code != want {
			t.Errorf("%.80q: %d %q %v", request, code, body, err)
		}
		if want == 200 && !strings.Contains(strings.ToLower(body), " api.example.com") {
			t.Errorf("%.80q: %q", request, body)
		}
	}
	if n := len(s.seen()); n != 3 {
		t.Errorf("the destination saw %d requests", n)
	}
	w.refused(glovebox.NetRequest, glovebox.NetName)
}

func TestEveryRequestIsJudged(t *testing.T) {
	w := newWorld(t, nil)
	s := w.site(nil, "127.0.2.1")
	w.upstream.set("api.example.com", "127.0.2.1")
	w.upstream.set("also.example.com", "127.0.2.1")
	w.rules(domain("api.example.com", s.port(), "http"), domain("also.example.com", s.port(), "http"))
	dst := at(w.resolve("api.example.com"), s.port())
	w.resolve("also.example.com")
	c := w.dial(dst)
	for _, r := range []struct {
		host string
		want int
	}{{"api.example.com", 200}, {"also.example.com", 200}, {"api.example.com", 200}, {"evil.example.com", 403}} {
		if code, body, err := get(c, "GET", r.host, "/"); code != r.want {
			t.Errorf("%s: %d %q %v", r.host, code, body, err)
		}
	}
	w.isReset(c) // and with the refusal it is over

	// Two requests sent as one piece are two requests.
	c = w.dial(dst)
	io.WriteString(c, "GET /1 HTTP/1.1\r\nHost: api.example.com\r\n\r\nGET /2 HTTP/1.1\r\nHost: evil.example.com\r\n\r\n")
	r := bufio.NewReader(c)
	for _, want := range []int{200, 403} {
		a, err := http.ReadResponse(r, nil)
		if err != nil || a.StatusCode != want {
			t.Fatalf("pipelined: %v %v, not %d", a, err, want)
		}
		io.Copy(io.Discard, a.Body)
	}
	if n := len(s.seen()); n != 4 {
		t.Errorf("the destination saw %d requests", n)
	}
}

// TestNoRequestIsSmuggled: what one server takes for the body and another for
// the next request arrives as one, or not at all.
func TestNoRequestIsSmuggled(t *testing.T) {
	const inner = "GET /admin HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
	for what, request := range map[string]string{
		"length and chunks": "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
		"chunks and length": "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\nContent-Length: " + port(len(inner)+5) + "\r\n\r\n0\r\n\r\n" + inner,
		"two lengths":       "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 0\r\nContent-Length: " + port(len(inner)) + "\r\n\r\n" + inner,
		"odd chunks":        "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + inner,
		"two encodings":     "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + inner,
		"spaced name":       "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + inner,
		"bare newline":      "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
		"folded line":       "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + inner,
		"get with a body":   "GET /v1/x HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: " + port(len(inner)) + "\r\n\r\n" + inner,
		"signed length":     "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: +0\r\n\r\n" + inner,
		"return in a value": "GET /v1/x HTTP/1.1\r\nHost: api.example.com\r\nX: a\rGET /admin HTTP/1.1\r\n\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, nil)
			s := w.site(nil, "127.0.2.1")
			w.upstream.set("api.example.com", "127.0.2.1")
			r := domain("api.example.com", s.port(), "http")
			r.Paths = []string{"/v1/*"}
			w.rules(r)
			c := w.dial(at(w.resolve("api.example.com"), s.port()))
			io.WriteString(c, request)
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
			for _, r := range s.seen() {
				if r.URL.Path != "/v1/x" {
					t.Errorf("%s reached the destination", r.URL.Path)
				}
			}
			c = w.dial(at("127.0.2.1", s.port()))
			if code, _, err := get(c, "GET", "api.example.com", "/v1/x"); code != 200 {
				t.Errorf("control: %d %v", code, err)
			}
		})
	}
}

func TestOverridesAreTakenOut(t *testing.T) {
	w := newWorld(t, nil)
	s := w.site(nil, "127.0.2.1")
	w.upstream.set("api.example.com", "127.0.2.1")
	r := domain("api.example.com", s.port(), "http")
	r.Methods, r.Paths = []string{"POST"}, []string{"/v1/*"}
	w.rules(r)
	c := w.dial(at(w.resolve("api.example.com"), s.port()))
	io.WriteString(c, "POST /v1/x HTTP/1.1\r\nHost: api.example.com\r\nX-HTTP-Method-Override: DELETE\r\nX-Original-URL: /admin\r\nX-Forwarded-Host: evil\r\nX-Own: 1\r\nContent-Length: 0\r\n\r\n")
	if code, body, err := answer(c); code != 200 {
		t.Fatal(code, body, err)
	}
	h := s.seen()[0].Header
	for _, k := range []string{"X-Http-Method-Override", "X-Original-Url", "X-Forwarded-Host"} {
		if h.Get(k) != "" {
			t.Errorf("%s reached the destination", k)
		}
	}
	if h.Get("X-Own") != "1" {
		t.Error("control: headers are lost")
	}
}

func TestRedirectsAreTheJobs(t *testing.T) {
	w := newWorld(t, nil)
	s, evil := w.site(nil, "127.0.2.1"), w.site(nil, "127.0.2.2")
	w.upstream.set("api.example.com", "127.0.2.1")
	w.upstream.set("evil.example.com", "127.0.2.2")
	w.rules(domain("api.example.com", s.port(), "http"))
	// The job's client resolves and connects for itself, where it is sent to.
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(_ context.Context, _, addr string) (net.Conn, error) {
			host, p, _ := net.SplitHostPort(addr)
			if net.ParseIP(host) == nil {
				a := w.ask(host, 1)
				if len(a.Answer) == 0 {
					return nil, fmt.Errorf("%s: no such name", host)
				}
				host = w.resolve(host)
			}
			return w.dial(net.JoinHostPort(host, p)), nil
		},
	}}
	own := fmt.Sprintf("http://api.example.com:%d/", s.port())
	for _, to := range []string{
		fmt.Sprintf("http://evil.example.com:%d/", evil.port()), fmt.Sprintf("http://127.0.2.2:%d/", evil.port()),
		"http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/",
	} {
		if r, err := client.Get(own + "?to=" + to); err == nil {
			t.Errorf("the redirect to %s leads to %s", to, r.Status)
		}
	}
	r, err := client.Get(own + "?to=" + own)
	if err != nil || r.StatusCode != 200 {
		t.Errorf("control: %v %v", r, err)
	} else {
		r.Body.Close()
	}
	if len(evil.seen()) != 0 {
		t.Error("the unlisted destination was reached")
	}
	w.refused(glovebox.NetOpen, glovebox.NetForbidden)
}

// TestObserveBesideRules: what a rule holds to methods is read though all is
// observed, and what the rule does not let through is told as observed.
func TestObserveBesideRules(t *testing.T) {
	r := newRoot(t)
	w := rooted(t, r)
	s := w.site(r, "127.0.2.1", "api.example.com")
	w.upstream.set("api.example.com", "127.0.2.1")
	rule := domain("api.example.com", s.port(), "tls")
	rule.Methods = []string{"GET"}
	secret := filter.Secret{Domain: "api.example.com", Header: "X-Key", Value: value}
	ca := w.open(filter.SlotConfig{Observe: true, Rules: []glovebox.EgressRule{rule}, Secrets: []filter.Secret{secret}})
	c := tls.Client(w.dial(at(w.resolve("api.example.com"), s.port())), trust(nil, ca, "api.example.com"))
	for method, want := range map[string]string{"GET": rule.Domain + ":" + port(s.port()), "DELETE": "observe"} {
		if code, body, err := get(c, method, "api.example.com", "/"); code != 200 {
			t.Errorf("%s: %d %q %v", method, code, body, err)
		}
		w.event(method, func(e glovebox.NetEvent) bool { return e.Method == method && e.Allowed && e.Rule == want })
		seen := s.seen()
		if got := seen[len(seen)-1].Header.Get("X-Key"); (got == value) != (want != "observe") {
			t.Errorf("%s goes with the secret %q", method, got)
		}
	}
}

// TestUpgrades: a websocket leaves what can be read, so a rule with methods or
// paths has none.
func TestUpgrades(t *testing.T) {
	w := newWorld(t, nil)
	l := w.listen("127.0.2.1:0")
	p := l.Addr().(*net.TCPAddr).Port
	srv := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			fmt.Fprintf(rw, "plain")
			return
		}
		c, b, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		line, _ := b.ReadString('\n')
		io.WriteString(c, "heard "+line)
	})}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	w.upstream.set("api.example.com", "127.0.2.1")
	w.rules(domain("api.example.com", p, "http"))
	dst := at(w.resolve("api.example.com"), p)
	upgrade := func(to string) (net.Conn, *bufio.Reader, *http.Response) {
		c := w.dial(dst)
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", to)
		r := bufio.NewReader(c)
		a, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c, r, a
	}
	c, r, a := upgrade("websocket")
	if a.StatusCode != 101 {
		t.Fatalf("websocket: %s", a.Status)
	}
	io.WriteString(c, "hello\n")
	if line, err := r.ReadString('\n'); line != "heard hello\n" {
		t.Errorf("%q %v", line, err)
	}
	c.Close()
	c, _, a = upgrade("h2c")
	if a.StatusCode != 200 {
		t.Errorf("another version of HTTP: %s", a.Status)
	}
	c.Close()
	held := domain("api.example.com", p, "http")
	held.Methods = []string{"GET"}
	w.change(held)
	if _, _, a = upgrade("websocket"); a.StatusCode != 403 {
		t.Errorf("websocket under a rule with methods: %s", a.Status)
	}
	w.refused(glovebox.NetRequest, glovebox.NetProtocol)
}

func TestObserve(t *testing.T) {
	r := newRoot(t)
	w := rooted(t, r)
	web, tcp := w.site(nil, "127.0.2.1"), w.server("127.0.2.1")
	w.upstream.set("anything.example.net", "127.0.2.1")
	w.upstream.set("inner.example.net", "10.0.0.1")
	w.upstream.set("meta.example.net", "169.254.169.254")
	w.open(filter.SlotConfig{Observe: true})
	w.isReset(w.dial(at("127.0.2.1", tcp.port()))) // an address nobody asked for
	ip := w.resolve("anything.example.net")
	if code, _, err := get(w.dial(at(ip, web.port())), "GET", "anything.example.net", "/seen"); code != 200 {
		t.Fatalf("http: %d %v", code, err)
	}
	if got, err := say(w.dial(at(ip, tcp.port())), "hello"); err != nil {
		t.Fatalf("tcp: %q %v", got, err)
	}
	e := w.event("request", func(e glovebox.NetEvent) bool { return e.Type == glovebox.NetRequest && e.Allowed })
	if e.Path != "/seen" || e.Rule != "observe" {
		t.Errorf("%+v", e)
	}
	for _, n := range []string{"inner.example.net", "meta.example.net"} {
		if a := w.ask(n, 1); len(a.Answer) != 0 {
			t.Errorf("%s is answered", n)
		}
	}
	w.isReset(w.dial("10.0.0.1:80"))
	w.isReset(w.dial("169.254.169.254:80"))
	if len(w.pinned()) != 1 || w.pinned()[0].Port != 0 {
		t.Errorf("pinned: %v", w.pinned())
	}
}
