package api_test

import (
	"net/http"
	"strings"
	"testing"

	"glovebox"
)

// badBodies are bodies of POST /v1/jobs that must be refused, each with the
// kind and the field to blame. They are also where the fuzzer begins.
var badBodies = []struct {
	name, body string
	kind       glovebox.Kind
	field      string
}{
	{"unknown field", `{"containerImage":"a","x":1}`, glovebox.KindUnknownField, "x"},
	{"unknown nested field", `{"containerImage":"a","limits":{"memory":0,"cpu":1}}`, glovebox.KindUnknownField, "limits.cpu"},
	{"other case", `{"ContainerImage":"a"}`, glovebox.KindUnknownField, "ContainerImage"},
	{"Go name", `{"Image":"a"}`, glovebox.KindUnknownField, "Image"},
	{"duplicate", `{"containerImage":"a","containerImage":"b"}`, glovebox.KindDuplicateField, "containerImage"},
	{"duplicate nested", `{"containerImage":"a","limits":{"pids":1,"pids":2}}`, glovebox.KindDuplicateField, "limits.pids"},
	{"duplicate in map", `{"containerImage":"a","env":{"A":"1","A":"2"}}`, glovebox.KindDuplicateField, "env.A"},
	{"duplicate by escape", `{"containerImage":"a","env":{"A":"1","\u0041":"2"}}`, glovebox.KindDuplicateField, "env.A"},
	{"number for string", `{"containerImage":1}`, glovebox.KindMalformed, "containerImage"},
	{"string for array", `{"containerImage":"a","cmd":"ls"}`, glovebox.KindMalformed, "cmd"},
	{"number in array", `{"containerImage":"a","cmd":["a",2]}`, glovebox.KindMalformed, "cmd[1]"},
	{"array for map", `{"containerImage":"a","env":["A=b"]}`, glovebox.KindMalformed, "env"},
	{"number in map", `{"containerImage":"a","env":{"A":1}}`, glovebox.KindMalformed, "env.A"},
	{"string for number", `{"containerImage":"a","limits":{"memory":"1G"}}`, glovebox.KindMalformed, "limits.memory"},
	{"string for bool", `{"containerImage":"a","stdinStream":"yes"}`, glovebox.KindMalformed, "stdinStream"},
	{"number for duration", `{"containerImage":"a","timeout":5}`, glovebox.KindMalformed, "timeout"},
	{"null", `{"containerImage":null}`, glovebox.KindMalformed, "containerImage"},
	{"null in array", `{"containerImage":"a","cmd":[null]}`, glovebox.KindMalformed, "cmd[0]"},
	{"fraction", `{"containerImage":"a","limits":{"pids":1.5}}`, glovebox.KindInvalid, "limits.pids"},
	{"exponent", `{"containerImage":"a","limits":{"pids":1e400}}`, glovebox.KindInvalid, "limits.pids"},
	{"huge float", `{"containerImage":"a","limits":{"cpus":1e999}}`, glovebox.KindInvalid, "limits.cpus"},
	{"overflow", `{"containerImage":"a","limits":{"memory":9223372036854775808}}`, glovebox.KindInvalid, "limits.memory"},
	{"negative", `{"containerImage":"a","limits":{"memory":-1}}`, glovebox.KindInvalid, "limits.memory"},
	{"bad duration", `{"containerImage":"a","timeout":"5 minutes"}`, glovebox.KindInvalid, "timeout"},
	{"long duration", `{"containerImage":"a","timeout":"25h"}`, glovebox.KindInvalid, "timeout"},
	{"bad base64", `{"containerImage":"a","stdin":"A"}`, glovebox.KindInvalid, "stdin"},
	{"base64url", `{"containerImage":"a","stdin":"-_-_"}`, glovebox.KindInvalid, "stdin"},
	{"both stdins", `{"containerImage":"a","stdin":"AAAA","stdinStream":true}`, glovebox.KindInvalid, "stdin"},
	{"no image", `{}`, glovebox.KindInvalid, "containerImage"},
	{"NUL in image", `{"containerImage":"a\u0000"}`, glovebox.KindInvalid, "containerImage"},
	{"NUL in command", `{"containerImage":"a","cmd":["a\u0000b"]}`, glovebox.KindInvalid, "cmd"},
	{"runtime", `{"containerImage":"a","runtime":"docker"}`, glovebox.KindInvalid, "runtime"},
	{"label", `{"containerImage":"a","labels":{"a=b":"c"}}`, glovebox.KindInvalid, "labels"},
	{"large stdin", `{"containerImage":"a","stdin":"` + strings.Repeat("AAAA", 1<<19) + `"}`, glovebox.KindTooLarge, "stdin"},
	{"many arguments", `{"containerImage":"a","cmd":["` + strings.Repeat(`","`, 1024) + `"]}`, glovebox.KindTooLarge, "cmd"},
	{"empty", ` `, glovebox.KindMalformed, ""},
	{"two values", `{"containerImage":"a"}{}`, glovebox.KindMalformed, ""},
	{"trailing garbage", `{"containerImage":"a"}x`, glovebox.KindMalformed, ""},
	{"trailing NUL", "{\"containerImage\":\"a\"}\x00", glovebox.KindMalformed, ""},
	{"byte order mark", "\xef\xbb\xbf{\"containerImage\":\"a\"}", glovebox.KindMalformed, ""},
	{"UTF-16", "\xff\xfe{\x00}\x00", glovebox.KindMalformed, ""},
	{"bad UTF-8", "{\"containerImage\":\"\xff\"}", glovebox.KindMalformed, "containerImage"},
	{"bad UTF-8 in a name", "{\"\xc3\x28\":\"a\"}", glovebox.KindMalformed, ""},
	{"lone surrogate", `{"containerImage":"\ud800"}`, glovebox.KindMalformed, "containerImage"},
	{"cut", `{"containerImage":"a"`, glovebox.KindMalformed, ""},
	{"cut string", `{"containerImage":"a`, glovebox.KindMalformed, "containerImage"},
	{"comma", `{"containerImage":"a",}`, glovebox.KindMalformed, ""},
	{"comment", `{/**/"containerImage":"a"}`, glovebox.KindMalformed, ""},
	{"single quotes", `{'containerImage':'a'}`, glovebox.KindMalformed, ""},
	{"array", `[]`, glovebox.KindMalformed, ""},
	{"string", `"containerImage"`, glovebox.KindMalformed, ""},
	{"number", `1`, glovebox.KindMalformed, ""},
	{"top null", `null`, glovebox.KindMalformed, ""},
	{"not JSON", `containerImage=a`, glovebox.KindMalformed, ""},
	{"deep", `{"containerImage":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, glovebox.KindMalformed, ""},
	{"deep object", strings.Repeat(`{"a":`, 50_000), glovebox.KindMalformed, ""},
	{"large", `{"containerImage":"` + strings.Repeat("a", 5<<20) + `"}`, glovebox.KindTooLarge, ""},
}

func TestBadBodies(t *testing.T) {
	c := start(t)
	for _, k := range badBodies {
		t.Run(k.name, func(t *testing.T) {
			c := *c
			c.t = t
			p := c.problem(c.do("POST", "/v1/jobs", k.body), k.kind, k.field)
			if len(p.Detail) > 500 || len(p.Hint) > 500 {
				t.Errorf("a long story: %+v", p)
			}
		})
	}
	var page struct{ Jobs []any }
	c.want(c.do("GET", "/v1/jobs", ""), http.StatusOK, &page)
	if len(page.Jobs) != 0 {
		t.Errorf("%d jobs came of it", len(page.Jobs))
	}
}

func TestLargeBodyWithoutLength(t *testing.T) {
	c := start(t)
	req, _ := http.NewRequest("POST", "http://glovebox/v1/jobs", struct{ *strings.Reader }{strings.NewReader(strings.Repeat(" ", 5<<20))})
	req.Header.Set("Content-Type", "application/json")
	c.problem(c.send(req), glovebox.KindTooLarge, "")
}

func TestContentTypes(t *testing.T) {
	c := start(t)
	const body = `{"containerImage":"a"}`
	for _, bad := range []string{"text/plain", "application/jsonp", "application/json; charset=latin1", "application/x-www-form-urlencoded", "json", "application/problem+json", ";"} {
		c.problem(c.do("POST", "/v1/jobs", body, "Content-Type: ", "Content-Type: "+bad), glovebox.KindMediaType, "")
	}
	c.problem(c.do("POST", "/v1/jobs", body, "Content-Type: "), glovebox.KindMediaType, "")
	c.problem(c.do("POST", "/v1/jobs", body, "Content-Type: application/json"), glovebox.KindMediaType, "") // twice
	c.problem(c.do("POST", "/v1/jobs", body, "Content-Encoding: gzip"), glovebox.KindMediaType, "")
	for _, good := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"} {
		c.want(c.do("POST", "/v1/jobs", body, "Content-Type: ", "Content-Type: "+good), http.StatusAccepted, nil)
	}
	c.problem(c.do("POST", "/v1/images/pull", `{"name":"a"}`, "Content-Type: ", "Content-Type: text/json"), glovebox.KindMediaType, "")
	c.problem(c.do("POST", "/v1/images/import", "tar"), glovebox.KindMediaType, "")
}

func TestMethods(t *testing.T) {
	c := start(t)
	cases := []struct{ method, path, allow string }{
		{"DELETE", "/v1/jobs", "GET, HEAD, POST"},
		{"PATCH", "/v1/jobs", "GET, HEAD, POST"},
		{"PUT", "/v1/jobs/jx", "DELETE, GET, HEAD"},
		{"GET", "/v1/jobs/jx/cancel", "POST"},
		{"GET", "/v1/jobs/jx/stdin", "POST, PUT"},
		{"POST", "/v1/jobs/jx/output", "GET, HEAD"},
		{"POST", "/v1/jobs/jx/events", "GET, HEAD"},
		{"POST", "/v1/images", "DELETE, GET, HEAD"},
		{"GET", "/v1/images/pull", "POST"},
		{"POST", "/openapi.json", "GET, HEAD"},
		{"OPTIONS", "/v1/jobs", "GET, HEAD, POST"},
		{"TRACE", "/healthz", "GET, HEAD"},
		{"BREW", "/v1/version", "GET, HEAD"},
	}
	for _, k := range cases {
		a := c.do(k.method, k.path, "")
		c.problem(a, glovebox.KindMethod, "")
		if got := a.Header.Get("Allow"); got != k.allow {
			t.Errorf("%s %s: Allow %q, want %q", k.method, k.path, got, k.allow)
		}
	}
}

func TestUnknownRoutes(t *testing.T) {
	c := start(t)
	for _, path := range []string{
		"/", "/v1", "/v1/", "/v1/jobs/", "/v2/jobs", "//v1/jobs", "/v1//jobs", "/v1/./jobs", "/v1/../v1/jobs", "/v1/jobs/%2e%2e/jobs",
		"/v1/jobs/a%2fb", "/v1%2fjobs", "/v1/jobs/a%00b/x", "/v1/jobs/a%5cb/x", "/v1/jobs/%252e%252e/x", "/V1/jobs", "/v1/jobs/jx/nothing", "/openapi.yaml", "/docs", "/schemas/Job.json",
	} {
		c.problem(c.do("GET", path, ""), glovebox.KindNotFound, "")
	}
}
