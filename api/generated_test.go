package api_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"glovebox/api"
	"glovebox/identity"
	"glovebox/output"
)

// unlimited lets everybody come as often as they like.
var unlimited = api.Rates{Open: most, Failures: most, Calls: most, Changes: most, Refusals: most, Operator: most}

var most = api.Rate{PerSecond: 1e9, Burst: 1e9}

// generator makes requests from the document: right ones, nearly right ones,
// and nonsense.
type generator struct {
	*rand.Rand
	doc *document
	ids []string
}

func (g *generator) pick(all ...string) string { return all[g.IntN(len(all))] }

// odd is a value that something might stumble over.
func (g *generator) odd() string {
	return g.pick("", "0", "1", "-1", "true", "false", "stdout", "stderr", "ended", "archived", "RUNNING", "a=b", "1-1-0-0", `"1"`, "*",
		"9223372036854775807", "9223372036854775808", "1e9", "NaN", "2026-01-01T00:00:00Z", "10ms", "busybox:1", "../..", "%00", "\x00", "é", "\xff",
		strings.Repeat("x", 1+g.IntN(3000)), "<script>", "{}", "null", "application/json", "text/event-stream")
}

// value is a piece of JSON, seldom what belongs there.
func (g *generator) value(depth int) string {
	switch n := g.IntN(12); {
	case n < 2:
		return strconv.Quote(strings.ToValidUTF8(strings.ReplaceAll(g.odd(), "\x00", ""), ""))
	case n < 4:
		return g.pick("0", "1", "-1", "1.5", "1e300", "1e999", "9223372036854775808", "134217728")
	case n < 5:
		return g.pick("true", "false", "null", "nul", "\"", "\"\\ud800\"", "\"\xff\"")
	case n < 8 && depth > 0:
		return "[" + g.value(depth-1) + g.pick("", ",", ","+g.value(depth-1)) + g.pick("]", "]", "]", "")
	case depth > 0:
		return g.object(depth - 1)
	}
	return `"x"`
}

func (g *generator) object(depth int) string {
	names := []string{"containerImage", "cmd", "entrypoint", "env", "limits", "memory", "cpus", "pids", "timeout", "stdin", "stdinStream", "labels", "user", "workdir", "runtime", "imagePullPolicy", "name", "x"}
	var fields []string
	for range g.IntN(4) {
		fields = append(fields, strconv.Quote(g.pick(names...))+":"+g.value(depth))
	}
	if g.IntN(2) == 0 {
		fields = append(fields, `"containerImage":"busybox"`)
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (g *generator) request() *http.Request {
	var all []string
	for path, ops := range g.doc.paths {
		for method := range ops {
			all = append(all, strings.ToUpper(method)+" "+path)
		}
	}
	method, path, _ := strings.Cut(g.pick(all...), " ")
	op := g.doc.paths[path][strings.ToLower(method)]
	if g.IntN(20) == 0 {
		method = g.pick("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "BREW")
	}
	q := url.Values{}
	h := http.Header{}
	for _, p := range op.Parameters {
		if g.IntN(2) == 0 {
			continue
		}
		switch v := g.odd(); p.In {
		case "query":
			q.Add(p.Name, v)
		case "header":
			h.Add(p.Name, v)
		}
	}
	if g.IntN(10) == 0 {
		q.Add(g.pick("x", "limit", "name", "offset"), g.odd())
	}
	id := g.pick(append(g.ids, "jnone", url.PathEscape(g.odd()))...)
	body := g.pick("", g.value(4), g.object(4), g.object(3), g.odd())
	target := strings.NewReplacer("{id}", id, "{code}", id).Replace(path) + "?" + q.Encode()
	r, err := http.NewRequest(method, "http://glovebox"+target, strings.NewReader(body))
	if err != nil {
		return g.request()
	}
	r.Header = h
	r.Header.Set("Content-Type", g.pick("application/json", "application/json", "application/json", "application/octet-stream", "application/x-tar", g.odd()))
	if g.IntN(4) == 0 {
		r.Header.Set("Accept", g.pick("text/event-stream", g.odd()))
	}
	return r
}

// TestGeneratedRequests sends 1500 requests, or as many as
// GLOVEBOX_REQUESTS says. No answer is 5xx, and every one is as the document says.
func TestGeneratedRequests(t *testing.T) {
	n := 1500
	if v, err := strconv.Atoi(os.Getenv("GLOVEBOX_REQUESTS")); err == nil {
		n = v
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c := start(t, func(config *api.Config) {
		config.Auth = func(*http.Request) (identity.Caller, error) { return identity.Operator(0), nil }
		config.Rates = unlimited
	})
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), doc: c.doc}
	for i := range 4 {
		id := c.submit(fmt.Sprintf(`,"stdinStream":%t`, i%2 == 0)).ID
		if g.ids = append(g.ids, id); i > 0 {
			c.Place(id)
			c.Write(t, id, output.Stdout, nasty)
		}
		if i > 1 {
			c.Finish(t, id, i)
		}
	}
	counts := map[int]int{}
	for range n {
		r := g.request()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		w := httptest.NewRecorder()
		if broke := g.send(c.Handler, w, r.WithContext(ctx)); !broke {
			if w.Code >= 500 && ctx.Err() == nil {
				t.Fatalf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
			}
			c.doc.check(t, r, answer{w.Result(), w.Body.Bytes()})
		}
		cancel()
		counts[w.Code]++
		if t.Failed() {
			t.Fatalf("%s %s %v", r.Method, r.URL, r.Header)
		}
	}
	t.Logf("answers by status: %v", counts)
}

// send reports whether the answer was broken off: a stream whose caller left.
func (g *generator) send(h http.Handler, w http.ResponseWriter, r *http.Request) (broke bool) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			broke = true
		} else if p != nil {
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}
