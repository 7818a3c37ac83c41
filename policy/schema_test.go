package policy_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"glovebox"
	"glovebox/policy"
)

// schema compiles the published schema.
func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(policy.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("file:///policy.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("file:///policy.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fits holds a policy, as JSON, against the schema.
func fits(t testing.TB, s *jsonschema.Schema, p glovebox.Policy) error {
	t.Helper()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// TestSchemaHasEveryField: the schema and the types name the same fields.
func TestSchemaHasEveryField(t *testing.T) {
	var doc struct {
		Properties map[string]struct{ Properties map[string]any }
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(policy.Schema, &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typ  reflect.Type
		says []string
	}{
		{reflect.TypeFor[glovebox.Policy](), slices.Sorted(maps.Keys(doc.Properties))},
		{reflect.TypeFor[glovebox.Limits](), slices.Sorted(maps.Keys(doc.Properties["limits"].Properties))},
		{reflect.TypeFor[glovebox.EgressRule](), slices.Sorted(maps.Keys(doc.Defs["egressRule"].Properties))},
		{reflect.TypeFor[glovebox.WatchPolicy](), slices.Sorted(maps.Keys(doc.Properties["watch"].Properties))},
		{reflect.TypeFor[glovebox.Profile](), slices.Sorted(maps.Keys(doc.Defs["profile"].Properties))},
		{reflect.TypeFor[glovebox.SecretUse](), slices.Sorted(maps.Keys(doc.Defs["secretUse"].Properties))},
	} {
		var has []string
		for i := range c.typ.NumField() {
			name, _, _ := strings.Cut(c.typ.Field(i).Tag.Get("json"), ",")
			has = append(has, name)
		}
		slices.Sort(has)
		if !slices.Equal(has, c.says) {
			t.Errorf("%s has %v, the schema %v", c.typ, has, c.says)
		}
	}
}

// TestSchemaRefuses is the control of every test that holds something against
// the schema.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	for _, p := range []glovebox.Policy{
		{},
		{Version: "glovebox/v1", Egress: []glovebox.EgressRule{{Port: 1, Protocol: "tcp"}}},
		{Version: "glovebox/v1", Egress: []glovebox.EgressRule{{Domain: "a.example", Port: 1, Protocol: "udp"}}},
		{Version: "glovebox/v1", Egress: []glovebox.EgressRule{{Address: "1.2.3.4", Port: 1, Protocol: "tls"}}},
		{Version: "glovebox/v1", Secrets: []glovebox.SecretUse{{Name: "a"}}},
		{Version: "glovebox/v1", Watch: glovebox.WatchPolicy{Kill: "sometimes"}},
		{Version: "glovebox/v1", Watch: glovebox.WatchPolicy{Drift: 1.5}},
		{Version: "glovebox/v1", Profile: &glovebox.Profile{}},
	} {
		if fits(t, s, p) == nil {
			t.Errorf("taken: %+v", p)
		}
	}
}
