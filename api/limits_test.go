package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/output"
)

// speak sends raw bytes and returns the answer.
func (c *tester) speak(raw string) *http.Response {
	c.t.Helper()
	conn, err := net.Dial("unix", c.Socket)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	go io.WriteString(conn, raw)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp
}

func TestHeaderLimit(t *testing.T) {
	c := start(t)
	head := "GET /v1/version HTTP/1.1\r\nHost: x\r\nX-Long: "
	if resp := c.speak(head + strings.Repeat("a", 15<<10) + "\r\n\r\n"); resp.StatusCode != http.StatusOK {
		t.Errorf("15 KiB: %s", resp.Status)
	}
	if resp := c.speak(head + strings.Repeat("a", 17<<10) + "\r\n\r\n"); resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("17 KiB: %s", resp.Status)
	}
}

func TestHeaderTimeout(t *testing.T) {
	t.Parallel()
	c := start(t)
	conn, err := net.Dial("unix", c.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /v1/version HT")
	begin := time.Now()
	conn.SetReadDeadline(begin.Add(10 * time.Second))
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatalf("still open: %v", err)
	}
	if took := time.Since(begin); took < 4*time.Second || took > 7*time.Second {
		t.Errorf("closed after %s", took)
	}
}

// TestInFlight: past the cap an answer is 503 with Retry-After, streams have a
// cap of their own, and a place that is left is free again.
func TestInFlight(t *testing.T) {
	c := start(t, func(config *api.Config) { config.Caps = api.Caps{Streams: 2, Calls: 1} })
	id := c.submit("").ID
	var open []*http.Response
	for range 2 {
		resp, err := c.http.Get("http://glovebox/v1/jobs/" + id + "/events")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(err, resp)
		}
		open = append(open, resp)
	}
	a := c.do("GET", "/v1/jobs/"+id+"/output?follow=true", "")
	c.problem(a, glovebox.KindUnavailable, "")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	c.problem(c.do("POST", "/v1/jobs", `{"containerImage":"a"}`, "Accept: text/event-stream"), glovebox.KindUnavailable, "")
	c.want(c.do("GET", "/v1/jobs/"+id, ""), http.StatusOK, nil) // not a stream
	for _, resp := range open {
		resp.Body.Close()
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		if a := c.do("GET", "/v1/jobs/"+id+"/output", ""); a.StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a place was not given back")
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	c := start(t)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 20 {
				id := c.submit("").ID
				c.Place(id)
				c.Write(t, id, output.Stdout, []byte(id))
				c.Finish(t, id, 0)
				if a := c.do("GET", "/v1/jobs/"+id+"/output?follow=true", ""); string(a.body) != id {
					t.Errorf("%q", a.body)
				}
			}
		})
	}
	all.Wait()
}

// TestShutdownEndsStreams: a stream that has more to come breaks off, so that
// its reader comes back, and does not hold the shutdown up.
func TestShutdownEndsStreams(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Place(id)
	c.Write(t, id, output.Stdout, []byte("so far"))
	for _, path := range []string{"/events", "/output?follow=true"} {
		resp, err := c.http.Get("http://glovebox/v1/jobs/" + id + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		defer func() {
			if _, err := io.ReadAll(resp.Body); err == nil {
				t.Errorf("%s seems whole", path)
			}
		}()
	}
	begin := time.Now()
	c.Stop(t)
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestEarlyRefusalOfAnUpload: the error arrives although the body is far from
// over.
func TestEarlyRefusalOfAnUpload(t *testing.T) {
	c := start(t)
	c.Images.Fail(func(string) error { return glovebox.Errorf(glovebox.KindImageTooLarge, "too large") })
	for range 20 {
		req, _ := http.NewRequest("POST", "http://glovebox/v1/images/import", io.LimitReader(zeros{}, 1<<30))
		req.Header.Set("Content-Type", "application/x-tar")
		c.problem(c.send(req), glovebox.KindImageTooLarge, "")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestSmallRequestsAreCheap keeps one submit from allocating much.
func TestSmallRequestsAreCheap(t *testing.T) {
	h := bare()
	n := testing.AllocsPerRun(100, func() {
		w := newRecorder()
		h.ServeHTTP(w, newSubmit(`{"containerImage":"busybox","cmd":["true"]}`))
		if w.Code != http.StatusAccepted {
			t.Fatal(fmt.Sprint(w.Code, w.Body))
		}
	})
	if n > 300 {
		t.Errorf("%.0f allocations", n)
	}
}
