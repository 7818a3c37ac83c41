package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"glovebox"
	"glovebox/api"
	"glovebox/api/wire"
	"glovebox/output"
)

const raw = "Content-Type: application/octet-stream"

func (c *tester) stdin(id string) string {
	c.t.Helper()
	r, err := c.Logs.Follow(c.t.Context(), id, 0, output.Stdin, 0, false)
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

func TestStdin(t *testing.T) {
	c := start(t)
	id := c.submit(`,"stdinStream":true`).ID
	path := "/v1/jobs/" + id + "/stdin"
	appendTo := func(query, body string, size int64, closed bool) {
		t.Helper()
		var got wire.Stdin
		c.want(c.do("PUT", path+query, body, "Content-Type: ", raw), http.StatusOK, &got)
		if got.Size != size || got.Closed != closed {
			t.Errorf("%s: %+v", query, got)
		}
	}
	appendTo("", string(nasty[:10]), 10, false)
	appendTo("?offset=10", string(nasty[10:20]), 20, false)
	appendTo("?offset=10", string(nasty[10:20]), 20, false) // its reply was lost
	appendTo("?offset=15", string(nasty[15:30]), 30, false) // broke off half-way
	appendTo("?offset=0", "", 30, false)                    // asks for the size
	p := c.problem(c.do("PUT", path+"?offset=31", "x", "Content-Type: ", raw), glovebox.KindConflict, "offset")
	if p.Size == nil || *p.Size != 30 {
		t.Errorf("size %v", p.Size)
	}
	c.Place(id)
	appendTo("?offset=30&close=true", string(nasty[30:]), int64(len(nasty)), true)
	appendTo("?offset=30&close=true", string(nasty[30:]), int64(len(nasty)), true) // its reply was lost
	p = c.problem(c.do("POST", path+fmt.Sprintf("?offset=%d", len(nasty)), "more", "Content-Type: ", raw), glovebox.KindConflict, "")
	if p.Size == nil || *p.Size != int64(len(nasty)) {
		t.Errorf("size %v", p.Size)
	}
	if c.stdin(id) != string(nasty) {
		t.Error("not the bytes that were sent")
	}
}

func TestStdinRefusals(t *testing.T) {
	c := start(t)
	without := c.submit("").ID
	c.problem(c.do("PUT", "/v1/jobs/"+without+"/stdin", "x", "Content-Type: ", raw), glovebox.KindConflict, "")
	with := c.submit(`,"stdinStream":true`).ID
	path := "/v1/jobs/" + with + "/stdin"
	c.problem(c.do("PUT", path, "x"), glovebox.KindMediaType, "")
	c.problem(c.do("PUT", path+"?offset=-1", "x", "Content-Type: ", raw), glovebox.KindInvalid, "offset")
	c.problem(c.do("PUT", path+"?close=1", "x", "Content-Type: ", raw), glovebox.KindInvalid, "close")
	c.problem(c.do("PUT", path+"?at=1", "x", "Content-Type: ", raw), glovebox.KindUnknownField, "at")
	c.Place(with)
	c.Finish(t, with, 0)
	p := c.problem(c.do("PUT", path, "x", "Content-Type: ", raw), glovebox.KindConflict, "")
	if p.Size == nil {
		t.Error("no size")
	}
}

// TestStdinBrokenOff: what arrived before the connection broke is kept.
func TestStdinBrokenOff(t *testing.T) {
	c := start(t)
	id := c.submit(`,"stdinStream":true`).ID
	r, w := io.Pipe()
	go func() {
		w.Write([]byte("first half, "))
		for c.stdin(id) == "" {
		}
		w.CloseWithError(io.ErrUnexpectedEOF)
	}()
	req, _ := http.NewRequest("PUT", "http://glovebox/v1/jobs/"+id+"/stdin", r)
	req.Header.Set("Content-Type", "application/octet-stream")
	if resp, err := c.http.Do(req); err == nil {
		resp.Body.Close()
		t.Fatal("no error")
	}
	a := c.do("PUT", "/v1/jobs/"+id+"/stdin?offset=0&close=true", "first half, second half", "Content-Type: ", raw)
	c.want(a, http.StatusOK, nil)
	if got := c.stdin(id); got != "first half, second half" {
		t.Errorf("%q", got)
	}
}

// nearCap are Logs with as much stdin as there can be, but for one byte.
type nearCap struct{ api.Logs }

func (nearCap) Sizes(context.Context, string, int) (output.Sizes, error) {
	return output.Sizes{Stdin: output.Size{Bytes: glovebox.MaxStdin - 1}}, nil
}

func (nearCap) Append(_ context.Context, _ string, _ int, _ output.Stream, offset int64, p []byte) (int64, error) {
	return offset + int64(len(p)), nil
}

func TestStdinCap(t *testing.T) {
	c := start(t, func(config *api.Config) { config.Logs = nearCap{config.Logs} })
	id := c.submit(`,"stdinStream":true`).ID
	at := fmt.Sprintf("/v1/jobs/%s/stdin?offset=%d", id, glovebox.MaxStdin-1)
	c.want(c.do("PUT", at, "x", "Content-Type: ", raw), http.StatusOK, nil)
	p := c.problem(c.do("PUT", at, "xx", "Content-Type: ", raw), glovebox.KindTooLarge, "")
	if p.Size == nil || *p.Size != glovebox.MaxStdin-1 {
		t.Errorf("size %v", p.Size)
	}
	c.problem(c.do("PUT", "/v1/jobs/"+id+"/stdin?offset=9223372036854775807", "x", "Content-Type: ", raw), glovebox.KindConflict, "offset")
}
