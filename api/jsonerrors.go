package api

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"glovebox"
)

// decodeError says what a decoder's error means to the caller.
func decodeError(err error) error {
	var ours *glovebox.Error
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &semantic) && errors.As(err, &ours):
		e := *ours // such as a duration that is none
		return e.On(fieldPath(semantic.JSONPointer))
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		return glovebox.Errorf(glovebox.KindUnknownField, "there is no such field").On(fieldPath(semantic.JSONPointer)).Try("look it up in /openapi.json; case matters")
	case errors.As(err, &semantic):
		return semanticError(semantic)
	case errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName):
		return glovebox.Errorf(glovebox.KindDuplicateField, "given twice").On(fieldPath(syntax.JSONPointer)).Try("give it once")
	case errors.As(err, &syntax):
		return glovebox.Errorf(glovebox.KindMalformed, "not JSON at byte %d: %s", syntax.ByteOffset, reason(syntax.Err)).On(fieldPath(syntax.JSONPointer))
	}
	return glovebox.Errorf(glovebox.KindMalformed, "the body is not JSON")
}

// semanticError tells a value of the wrong type from one that is out of range.
func semanticError(e *json.SemanticError) error {
	field := fieldPath(e.JSONPointer)
	want := wanted(e)
	switch {
	case e.JSONKind == '"' && want == "base64":
		return glovebox.Errorf(glovebox.KindInvalid, "not base64").On(field).Try("use the standard alphabet with padding")
	case e.JSONKind == '0' && (want == "a whole number" || want == "a number"):
		return glovebox.Errorf(glovebox.KindInvalid, "not %s in range", want).On(field)
	}
	return glovebox.Errorf(glovebox.KindMalformed, "has the wrong type: %s", kindName(e.JSONKind)).On(field).Try("give %s", want)
}

// reason is a short account of a syntax error without the input in it.
func reason(err error) string {
	if err == nil {
		return "syntax error"
	}
	s := err.Error()
	if len(s) > 100 {
		s = s[:100]
	}
	return strings.ToValidUTF8(s, "?")
}

// fieldPath turns the JSON pointer /limits/memory into limits.memory, and
// /cmd/0 into cmd[0]. Names come from the caller, so they are cut.
func fieldPath(p jsontext.Pointer) string {
	var b strings.Builder
	for tok := range p.Tokens() {
		switch {
		case b.Len() > 0 && isIndex(tok):
			fmt.Fprintf(&b, "[%s]", tok)
			continue
		case b.Len() > 0:
			b.WriteByte('.')
		}
		b.WriteString(tok)
	}
	s := b.String()
	if len(s) > 256 {
		s = strings.ToValidUTF8(s[:256], "") + "…"
	}
	return s
}

func isIndex(s string) bool {
	return s != "" && len(s) < 8 && strings.Trim(s, "0123456789") == ""
}

// wanted says in words what a field takes.
func wanted(e *json.SemanticError) string {
	t := e.GoType
	switch {
	case t == nil:
		return "another type"
	case t == reflect.TypeFor[glovebox.Duration]():
		return `a duration such as "90s"`
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "base64"
		}
		return "an array"
	}
	return "an object"
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	case '{':
		return "an object"
	case '[':
		return "an array"
	}
	return "not a value"
}
