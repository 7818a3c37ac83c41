package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"glovebox"
)

const (
	maxJSON  = 4 << 20 // bytes of a JSON body
	maxDepth = 16      // nesting of a JSON body; ours need four
)

// encode writes v as JSON. The types are ours, so it cannot fail.
func encode(v any) []byte {
	b, err := json.Marshal(v, json.FormatNilSliceAsNull(false), json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return append(b, '\n')
}

// decode reads a JSON body strictly into v: one value, known fields, each
// once, with exact case and types, valid UTF-8, no nulls. The error names the
// field.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	if err := wantType(r, "application/json"); err != nil {
		return err
	}
	defer bodyDeadline(w)()
	body, err := readBody(r)
	if err != nil {
		return err
	}
	if err := scan(body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, v, json.RejectUnknownMembers(true)); err != nil {
		return decodeError(err)
	}
	return nil
}

func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxJSON {
		return nil, &http.MaxBytesError{Limit: maxJSON}
	}
	buf := bytes.NewBuffer(make([]byte, 0, max(r.ContentLength, 0)+bytes.MinRead))
	_, err := buf.ReadFrom(http.MaxBytesReader(nil, r.Body, maxJSON))
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return nil, err
	case err != nil:
		return nil, glovebox.Errorf(glovebox.KindMalformed, "the body broke off or came too slowly")
	}
	return buf.Bytes(), nil
}

// wantType refuses a body of another content type.
func wantType(r *http.Request, want string) error {
	given := r.Header.Values("Content-Type")
	if len(given) == 1 {
		t, params, err := mime.ParseMediaType(given[0])
		charset, ok := params["charset"]
		if err == nil && t == want && (!ok || strings.EqualFold(charset, "utf-8")) && r.Header.Get("Content-Encoding") == "" {
			return nil
		}
	}
	return glovebox.Errorf(glovebox.KindMediaType, "the body must be %s", want).Try("send Content-Type: %s, not compressed", want)
}

// wantNoBody refuses a body where none has a meaning.
func wantNoBody(w http.ResponseWriter, r *http.Request) error {
	defer bodyDeadline(w)()
	if n, _ := io.ReadFull(r.Body, make([]byte, 1)); n > 0 {
		return glovebox.Errorf(glovebox.KindMalformed, "this call takes no body")
	}
	return nil
}

// scan refuses what the decoder would let pass: nesting without end, and null,
// which could only mean what leaving the field out means.
func scan(body []byte) error {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return glovebox.Errorf(glovebox.KindMalformed, "the body is empty").Try("send a JSON object")
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return glovebox.Errorf(glovebox.KindMalformed, "the body begins with a byte order mark").Try("send plain UTF-8")
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	for {
		tok, err := d.ReadToken()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return decodeError(err)
		case d.StackDepth() > maxDepth:
			return glovebox.Errorf(glovebox.KindMalformed, "nested more than %d deep", maxDepth)
		case tok.Kind() == 'n':
			return glovebox.Errorf(glovebox.KindMalformed, "null is not a value here").On(fieldPath(d.StackPointer())).Try("leave the field out")
		}
		if d.StackDepth() == 0 {
			return onlyOne(body[d.InputOffset():])
		}
	}
}

func onlyOne(rest []byte) error {
	if rest = bytes.TrimLeft(rest, " \t\r\n"); len(rest) > 0 {
		return glovebox.Errorf(glovebox.KindMalformed, "there is something after the JSON value").Try("send one object and nothing else")
	}
	return nil
}

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
