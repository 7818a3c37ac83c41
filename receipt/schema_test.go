package receipt_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"glovebox"
	"glovebox/receipt"
)

// schema compiles the published schema.
func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(receipt.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("file:///receipt.json", doc); err != nil {
		t.Fatal(err)
	}
	c.AssertFormat()
	s, err := c.Compile("file:///receipt.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fits(t testing.TB, s *jsonschema.Schema, payload []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// TestSchemaTakes: what is issued is what the schema describes.
func TestSchemaTakes(t *testing.T) {
	s := schema(t)
	for name, j := range map[string]glovebox.Job{"completed": over(), "never ran": neverRan(), "cancelled": cancelled()} {
		if err := fits(t, s, receipt.Payload(issued(t, issuer(t, wrote()), j))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchemaRefuses is the control.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	payload := receipt.Payload(issued(t, issuer(t, wrote()), over()))
	for from, to := range map[string]string{
		`"_type":"https`: `"_type":"http`, `"COMPLETED"`: `"RUNNING"`, `"gone"`: `"observed"`, `"left":0`: `"left":1`, `"by":"person:ada"`: `"by":""`,
		`"revision":0`: `"revision":-1`, `"end":`: `"finish":`, `"at":"2026-`: `"at":"x`, `"name":"stdout"`: `"name":"stdin"`,
	} {
		changed := bytes.Replace(payload, []byte(from), []byte(to), 1)
		if bytes.Equal(changed, payload) || fits(t, s, changed) == nil {
			t.Errorf("%s: taken with %s", from, to)
		}
	}
}

// node is a part of a schema.
type node struct {
	Properties map[string]node
	Items      *node
}

// TestSchemaHasEveryField: the schema and the types name the same fields.
func TestSchemaHasEveryField(t *testing.T) {
	var root node
	if err := json.Unmarshal(receipt.Schema, &root); err != nil {
		t.Fatal(err)
	}
	compare(t, reflect.TypeFor[receipt.Statement](), root, "")
}

func compare(t *testing.T, typ reflect.Type, n node, at string) {
	switch typ.Kind() {
	case reflect.Pointer:
		compare(t, typ.Elem(), n, at)
		return
	case reflect.Slice:
		if n.Items == nil {
			t.Errorf("%s is no list in the schema", at)
			return
		}
		compare(t, typ.Elem(), *n.Items, at)
		return
	case reflect.Struct:
	default:
		return
	}
	if typ == reflect.TypeFor[time.Time]() {
		return
	}
	has := map[string]reflect.Type{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			continue // the schema takes any limit
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		has[name] = f.Type
	}
	if want, got := slices.Sorted(maps.Keys(has)), slices.Sorted(maps.Keys(n.Properties)); !slices.Equal(want, got) {
		t.Errorf("%s has %v, the schema %v", at, want, got)
	}
	for name, field := range has {
		compare(t, field, n.Properties[name], at+"."+name)
	}
}
