package api_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"glovebox"
	"glovebox/output"
)

func TestOutputIsByteExact(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Place(id)
	c.Write(t, id, output.Stdout, nasty)
	c.Write(t, id, output.Stderr, []byte("other"))
	path := "/v1/jobs/" + id + "/output"
	a := c.do("GET", path, "")
	c.want(a, http.StatusOK, nil)
	if !bytes.Equal(a.body, nasty) || a.Header.Get("Content-Type") != "application/octet-stream" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d bytes of %d, %v", len(a.body), len(nasty), a.Header)
	}
	if got := a.Header.Get("Glovebox-Next-Offset"); got != fmt.Sprint(len(nasty)) {
		t.Errorf("next offset %q", got)
	}
	a = c.do("GET", path+"?stream=stderr&offset=2&limit=2", "")
	if string(a.body) != "he" || a.Header.Get("Glovebox-Next-Offset") != "4" {
		t.Errorf("%q, %v", a.body, a.Header)
	}
	a = c.do("GET", path+"?stream=stderr&offset=5", "")
	if len(a.body) != 0 || a.Header.Get("Glovebox-Next-Offset") != "5" {
		t.Errorf("%q, %v", a.body, a.Header)
	}
	a = c.do("HEAD", path, "")
	if a.StatusCode != http.StatusOK || a.ContentLength != int64(len(nasty)) {
		t.Errorf("HEAD: %d, %d", a.StatusCode, a.ContentLength)
	}
}

func TestOutputRefusals(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	path := "/v1/jobs/" + id + "/output?"
	for query, field := range map[string]string{
		"stream=stdin": "stream", "offset=-1": "offset", "offset=1": "offset", "offset=1&follow=true": "offset",
		"limit=-1": "limit", "follow=maybe": "follow", "offset=x": "offset",
	} {
		c.problem(c.do("GET", path+query, ""), glovebox.KindInvalid, field)
	}
	c.problem(c.do("GET", path+"from=0", ""), glovebox.KindUnknownField, "from")
}

func TestOutputOfAJobNeverPlaced(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.want(c.do("GET", "/v1/jobs/"+id+"/output", ""), http.StatusOK, nil)
	go func() {
		time.Sleep(10 * time.Millisecond)
		c.Service.Update(id, func(j *glovebox.Job) { j.Status, j.Outcome = glovebox.StatusCancelled, glovebox.StatusCancelled })
	}()
	a := c.do("GET", "/v1/jobs/"+id+"/output?follow=true", "")
	if len(a.body) != 0 || a.Trailer.Get("Glovebox-Next-Offset") != "0" {
		t.Errorf("%q, %v", a.body, a.Trailer)
	}
}

func TestFollowOutput(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	resp, err := c.http.Get("http://glovebox/v1/jobs/" + id + "/output?follow=true")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	c.Place(id)
	for i := range 20 {
		p := pattern(1 + i*100)
		c.Write(t, id, output.Stdout, p)
		got := make([]byte, len(p))
		if _, err := io.ReadFull(resp.Body, got); err != nil || !bytes.Equal(got, p) {
			t.Fatalf("piece %d: %v", i, err)
		}
	}
	c.Finish(t, id, 0)
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) != 0 {
		t.Fatalf("%d more bytes, %v", len(rest), err)
	}
	if resp.Trailer.Get("Glovebox-Next-Offset") != "19020" || resp.Trailer.Get("Glovebox-Truncated") != "false" {
		t.Errorf("trailers %v", resp.Trailer)
	}
}

func TestFollowWithLimit(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Place(id)
	c.Write(t, id, output.Stdout, []byte("0123456789"))
	a := c.do("GET", "/v1/jobs/"+id+"/output?follow=true&offset=3&limit=4", "")
	if string(a.body) != "3456" || a.Trailer.Get("Glovebox-Next-Offset") != "7" {
		t.Errorf("%q, %v", a.body, a.Trailer)
	}
	a = c.do("GET", "/v1/jobs/"+id+"/output?follow=true&limit=0", "")
	if len(a.body) != 0 || a.Trailer.Get("Glovebox-Next-Offset") != "0" {
		t.Errorf("%q, %v", a.body, a.Trailer)
	}
}

func TestTruncatedIsTold(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Place(id)
	c.Write(t, id, output.Stdout, []byte("cut here"))
	c.Finish(t, id, 0)
	c.Service.Update(id, func(j *glovebox.Job) { j.Output.Truncated = true })
	if a := c.do("GET", "/v1/jobs/"+id+"/output", ""); a.Header.Get("Glovebox-Truncated") != "true" {
		t.Errorf("headers %v", a.Header)
	}
	if a := c.do("GET", "/v1/jobs/"+id+"/output?follow=true", ""); a.Trailer.Get("Glovebox-Truncated") != "true" {
		t.Errorf("trailers %v", a.Trailer)
	}
}

// TestFollowEndsWithoutSeal: a job that is archived is over, whether or not
// anybody sealed its output.
func TestFollowEndsWithoutSeal(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Place(id)
	c.Write(t, id, output.Stdout, []byte("last words"))
	go func() {
		time.Sleep(20 * time.Millisecond)
		c.Archive(id)
	}()
	if a := c.do("GET", "/v1/jobs/"+id+"/output?follow=true", ""); string(a.body) != "last words" {
		t.Errorf("%q", a.body)
	}
}

// TestFollowReplacedAttempt: an attempt that wrote nothing and was replaced
// does not hold a reader up, who is told to ask again.
func TestFollowReplacedAttempt(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Place(id)
	go func() {
		time.Sleep(20 * time.Millisecond)
		c.Place(id)
		if _, err := c.Logs.Append(t.Context(), id, 2, output.Stdout, 0, []byte("second")); err != nil {
			t.Error(err)
		}
		c.Service.Update(id, func(j *glovebox.Job) { j.Status, j.Outcome = glovebox.StatusCompleted, glovebox.StatusCompleted })
		if err := c.Logs.Seal(t.Context(), id, 2); err != nil {
			t.Error(err)
		}
	}()
	path := "/v1/jobs/" + id + "/output?follow=true"
	if a := c.do("GET", path, ""); len(a.body) != 0 || a.Trailer.Get("Glovebox-Again") != "true" {
		t.Errorf("%q %v", a.body, a.Trailer)
	}
	if a := c.do("GET", path, ""); string(a.body) != "second" || a.Trailer.Get("Glovebox-Again") != "false" {
		t.Errorf("%q %v", a.body, a.Trailer)
	}
}
