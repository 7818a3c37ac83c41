package api

import (
	"bytes"
	"errors"
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
