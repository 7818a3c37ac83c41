package api_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// schemas are the request bodies of the served document.
type schemas struct {
	Paths map[string]map[string]struct {
		RequestBody struct {
			Content map[string]struct {
				Schema schema `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"` // a name, or some
	Enum       []any             `json:"enum"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
	Additional json.RawMessage   `json:"additionalProperties"`
}

// fitting makes a value that fits a schema, or nearly: now and then a part of
// it is nonsense, missing, or too much.
func (g *generator) fitting(all *schemas, s schema, depth int) string {
	if s.Ref != "" {
		s = all.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
	}
	if g.IntN(15) == 0 || depth == 0 {
		return g.value(1)
	}
	if len(s.Enum) > 0 {
		b, _ := json.Marshal(s.Enum[g.IntN(len(s.Enum))]) // it came from JSON
		return string(b)
	}
	switch kind(s.Type) {
	case "object":
		return g.members(all, s, depth)
	case "array":
		if s.Items == nil || g.IntN(4) == 0 {
			return "[]"
		}
		return "[" + g.fitting(all, *s.Items, depth-1) + "]"
	case "integer", "number":
		return g.pick("0", "1", "2", "60", "1000000", "-1")
	case "boolean":
		return g.pick("true", "false")
	case "string":
		return strconv.Quote(g.pick("x", "admin", "viewer", "developer", "acme", siteURL, "http://127.0.0.1:1/", "2026-01-01T00:00:00Z", "10s",
			"recovery.codes", "person.invite", strings.ToValidUTF8(strings.ReplaceAll(g.odd(), "\x00", ""), ""), g.pick(g.ids...)))
	}
	return g.value(2)
}

func (g *generator) members(all *schemas, s schema, depth int) string {
	var fields []string
	for name, p := range s.Properties {
		if slices.Contains(s.Required, name) && g.IntN(30) > 0 || g.IntN(2) == 0 {
			fields = append(fields, strconv.Quote(name)+":"+g.fitting(all, p, depth-1))
		}
	}
	if len(s.Properties) == 0 || g.IntN(20) == 0 {
		fields = append(fields, strconv.Quote(g.pick("x", "kind", "repository_id"))+":"+g.value(1))
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// kind is a schema's type but for null.
func kind(t any) string {
	switch t := t.(type) {
	case string:
		return t
	case []any:
		for _, one := range t {
			if name, ok := one.(string); ok && name != "null" {
				return name
			}
		}
	}
	return ""
}

// TestGeneratedPeople sends requests made from the served document as
// everybody, to every route: 1000 of them, or as many as GLOVEBOX_REQUESTS says.
// No answer is 5xx, and every one is as the document says.
func TestGeneratedPeople(t *testing.T) {
	n := 1000
	if v, err := strconv.Atoi(os.Getenv("GLOVEBOX_REQUESTS")); err == nil {
		n = v
	}
	seed := uint64(time.Now().UnixNano())
	if v, err := strconv.ParseUint(os.Getenv("GLOVEBOX_SEED"), 10, 64); err == nil {
		seed = v
	}
	t.Logf("GLOVEBOX_SEED=%d", seed)
	s := newWholeSite(t)
	var all schemas
	if err := json.Unmarshal(s.do(httptest.NewRequest("GET", "/openapi.json", nil)).body, &all); err != nil {
		t.Fatal(err)
	}
	ada := s.admin(acme)
	people := []*caller{
		{visitor: ada}, {visitor: ada.invites("Dave", "developer")}, {visitor: ada.invites("Vera", "viewer")},
		{visitor: s.stranger()}, {visitor: s.program()}, {visitor: s.operator(0)}, {visitor: s.operator(1000)},
	}
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), doc: s.doc}
	for _, id := range tenantOf(t, ada) {
		g.ids = append(g.ids, id)
	}
	counts := map[int]int{}
	for range n {
		who := people[g.IntN(len(people))]
		if who.device != nil && who.ended {
			who.login() // some routes end sessions
		}
		r := g.as(who.visitor, &all)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		w := httptest.NewRecorder()
		broke := g.send(s.handler, w, r.WithContext(ctx))
		bad := !broke && w.Code >= 500 && ctx.Err() == nil && !waits(w)
		cancel()
		tally.request(bad)
		who.ended = w.Code == http.StatusUnauthorized
		counts[w.Code]++
		if bad {
			t.Fatalf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
		}
		if !broke {
			s.doc.check(t, r, answer{w.Result(), w.Body.Bytes()})
		}
		if t.Failed() {
			t.Fatalf("%s %s %v", r.Method, r.URL, r.Header)
		}
	}
	t.Logf("answers by status: %v", counts)
}

// caller is a visitor and whether their session seems to be over.
type caller struct {
	*visitor
	ended bool
}

// waits says whether an answer is "not yet", as a device that is not approved
// gets it.
func waits(w *httptest.ResponseRecorder) bool {
	return w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") != ""
}

// as makes a request of somebody, with a body that fits most of the time.
func (g *generator) as(who *visitor, all *schemas) *http.Request {
	r := g.request()
	template, _, _ := g.doc.find(r.Method, r.URL.EscapedPath())
	content := all.Paths[template][strings.ToLower(r.Method)].RequestBody.Content
	var body any
	if c, ok := content["application/json"]; ok {
		body = g.fitting(all, c.Schema, 6)
	} else if r.Method != http.MethodGet && g.IntN(4) == 0 {
		body = g.value(3)
	}
	req := who.request(r.Method, r.URL.String(), body)
	for name, values := range r.Header {
		if name != "Content-Type" || g.IntN(20) == 0 {
			req.Header[name] = values
		}
	}
	return req
}
