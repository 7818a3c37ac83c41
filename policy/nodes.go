package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"glovebox"
)

const maxDepth = 8 // of nesting; ours need four

// lines says where in the document each field stands.
type lines map[string]int

// located adds the line to an error about a field of the document, or about
// the nearest thing around it that has one.
func (l lines) located(err error) error {
	var e *glovebox.Error
	if !errors.As(err, &e) {
		return err
	}
	for field := e.Field; field != ""; field = field[:max(0, strings.LastIndexAny(field, ".["))] {
		if n := l[field]; n > 0 {
			copied := *e
			copied.Message = fmt.Sprintf("%s (line %d)", e.Message, n)
			return &copied
		}
	}
	return err
}

// writer writes YAML as the JSON that it stands for.
type writer struct {
	enc *jsontext.Encoder
	at  lines
}

func (w *writer) value(n *yaml.Node, field string, depth int) error {
	w.at[field] = n.Line
	switch {
	case depth > maxDepth:
		return malformed(field, fmt.Sprintf("nested more than %d deep", maxDepth), "see docs/policy.md")
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return malformed(field, fmt.Sprintf("anchors and aliases are not taken (line %d)", n.Line), "write the value out")
	case n.Style&yaml.TaggedStyle != 0:
		return malformed(field, fmt.Sprintf("tags are not taken (line %d)", n.Line), "leave %s out", n.Tag)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return w.mapping(n, field, depth)
	case yaml.SequenceNode:
		if err := w.enc.WriteToken(jsontext.BeginArray); err != nil {
			return err
		}
		for i, item := range n.Content {
			if err := w.value(item, field+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return err
			}
		}
		return w.enc.WriteToken(jsontext.EndArray)
	}
	return w.scalar(n, field)
}

func (w *writer) mapping(n *yaml.Node, field string, depth int) error {
	if err := w.enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		inside := field + "." + key.Value[:min(len(key.Value), 80)]
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0 || key.ShortTag() == "!!merge":
			return malformed(field, fmt.Sprintf("a field's name is a plain word (line %d)", key.Line), "see docs/policy.md")
		case seen[key.Value]:
			return glovebox.Errorf(glovebox.KindDuplicateField, "given twice (line %d)", key.Line).On(inside).Try("give it once")
		}
		seen[key.Value] = true
		if err := w.enc.WriteToken(jsontext.String(strings.ToValidUTF8(key.Value, "?"))); err != nil {
			return malformed(inside, "not a field's name", "see docs/policy.md")
		}
		if err := w.value(n.Content[i+1], inside, depth+1); err != nil {
			return err
		}
	}
	return w.enc.WriteToken(jsontext.EndObject)
}

func (w *writer) scalar(n *yaml.Node, field string) error {
	var token jsontext.Token
	switch tag := n.ShortTag(); tag {
	case "!!str":
		token = jsontext.String(n.Value)
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return malformed(field, "neither true nor false", "write true or false")
		}
		token = jsontext.Bool(b)
	case "!!int":
		var i int64
		if err := n.Decode(&i); err != nil {
			return glovebox.Errorf(glovebox.KindInvalid, "%s is out of range (line %d)", n.Value, n.Line).On(field).Try("write a smaller number")
		}
		token = jsontext.Int(i)
	case "!!float":
		var f float64
		if !strings.ContainsAny(n.Value, ".eE") { // YAML's way with integers of more than 64 bits
			return glovebox.Errorf(glovebox.KindInvalid, "%s is out of range (line %d)", n.Value[:min(len(n.Value), 80)], n.Line).On(field).Try("write a smaller number")
		}
		if err := n.Decode(&f); err != nil || f != f || f > 1e300 || f < -1e300 {
			return glovebox.Errorf(glovebox.KindInvalid, "%s is not a number here (line %d)", n.Value, n.Line).On(field).Try("write it like 0.5")
		}
		token = jsontext.Float(f)
	default:
		return malformed(field, fmt.Sprintf("there is no value (line %d)", n.Line), "leave the field out, or put what is meant between quotes")
	}
	if err := w.enc.WriteToken(token); err != nil {
		return malformed(field, "not UTF-8", "write it in UTF-8")
	}
	return nil
}

// decodeError says which field has a wrong name or type.
func decodeError(err error) error {
	e, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return malformed("", "the document cannot be read", "see docs/policy.md")
	}
	field := path(e.JSONPointer)
	if errors.Is(err, json.ErrUnknownName) {
		return glovebox.Errorf(glovebox.KindUnknownField, "there is no such field").On(field).Try("see `glovebox policy schema`; case matters")
	}
	want := "an object"
	if t := e.GoType; t != nil {
		if w, ok := map[string]string{"string": "a string", "int": "a whole number", "int64": "a whole number", "float64": "a number",
			"bool": "true or false", "slice": "a list"}[t.Kind().String()]; ok {
			want = w
		}
	}
	return malformed(field, "has the wrong type", "give %s", want)
}

// path turns /egress/3/domain into policy.egress[3].domain.
func path(p jsontext.Pointer) string {
	b := "policy"
	for t := range p.Tokens() {
		if t != "" && strings.Trim(t, "0123456789") == "" {
			b += "[" + t + "]"
		} else {
			b += "." + t[:min(len(t), 80)]
		}
	}
	return b
}
