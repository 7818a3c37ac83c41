package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// document is the API's description, to hold answers against.
type document struct {
	paths    map[string]map[string]operation
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

// known is the document of the first server; all have the same.
var known struct {
	sync.Mutex
	doc *document
}

type operation struct {
	OperationID string `json:"operationId"`
	Action      string `json:"x-glovebox-action"`
	Responses   map[string]struct {
		Content map[string]struct{} `json:"content"`
	} `json:"responses"`
	Parameters []struct {
		Name string `json:"name"`
		In   string `json:"in"`
	} `json:"parameters"`
}

func readDocument(t testing.TB, c *http.Client) *document {
	t.Helper()
	known.Lock()
	defer known.Unlock()
	if known.doc != nil {
		return known.doc
	}
	resp, err := c.Get("http://glovebox/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	known.doc = parseDocument(t, b)
	return known.doc
}

func parseDocument(t testing.TB, b []byte) *document {
	t.Helper()
	var parsed struct {
		OpenAPI string                          `json:"openapi"`
		Paths   map[string]map[string]operation `json:"paths"`
	}
	if err := json.Unmarshal(b, &parsed); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(parsed.OpenAPI, "3.1") {
		t.Fatalf("OpenAPI %q", parsed.OpenAPI)
	}
	d := &document{paths: parsed.Paths, compiler: jsonschema.NewCompiler()}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.compiler.AddResource("file:///openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	return d
}

// find returns the template and operation that a request is for.
func (d *document) find(method, path string) (string, operation, bool) {
	for template, ops := range d.paths {
		t, p := strings.Split(template, "/"), strings.Split(path, "/")
		same := len(t) == len(p)
		for i := 0; same && i < len(t); i++ {
			same = t[i] == p[i] || strings.HasPrefix(t[i], "{") && p[i] != ""
		}
		if op, ok := ops[strings.ToLower(method)]; same && ok {
			return template, op, true
		}
	}
	return "", operation{}, false
}

// check fails if the answer is not one that the document promises.
func (d *document) check(t testing.TB, req *http.Request, a answer) {
	t.Helper()
	media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	method := req.Method
	if method == http.MethodHead {
		return
	}
	template, op, ok := d.find(method, req.URL.EscapedPath())
	if !ok {
		if a.StatusCode < 400 || media != "application/problem+json" {
			t.Errorf("%s %s is not in the document and answered %d %s", method, req.URL, a.StatusCode, media)
		}
		return
	}
	status := strconv.Itoa(a.StatusCode)
	r, ok := op.Responses[status]
	if !ok {
		t.Errorf("%s: undocumented status %s: %s", op.OperationID, status, a.body)
		return
	}
	if len(r.Content) == 0 {
		if len(a.body) > 0 {
			t.Errorf("%s: undocumented body %s", op.OperationID, a.body)
		}
		return
	}
	if _, ok := r.Content[media]; !ok && media != "text/event-stream" {
		t.Errorf("%s: undocumented content type %q of %s", op.OperationID, media, status)
		return
	}
	if strings.HasSuffix(media, "json") {
		d.validate(t, "/paths/"+escape(template)+"/"+strings.ToLower(method)+"/responses/"+status+"/content/"+escape(media)+"/schema", a.body)
	}
}

// validate holds JSON against the schema at a pointer of the document.
func (d *document) validate(t testing.TB, pointer string, body []byte) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	schema, err := d.compiler.Compile("file:///openapi.json#" + pointer)
	if err != nil {
		t.Fatalf("schema %s: %v", pointer, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%s: %v in %s", pointer, err, body)
	}
}

func escape(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
	return strings.NewReplacer("{", "%7B", "}", "%7D").Replace(s)
}
