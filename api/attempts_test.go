package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"glovebox"
	"glovebox/output"
)

// loses ends a job's attempt by our fault, so that it is run again.
func (c *tester) loses(id string) {
	c.Service.Update(id, func(j *glovebox.Job) {
		fault := glovebox.Errorf(glovebox.KindNodeLost, "lost")
		j.Causes = append(j.Causes, glovebox.Cause{Attempt: j.Attempt, Node: j.Node, Reason: glovebox.ReasonNodeLost, Fault: fault, EndedAt: j.CreatedAt})
		j.Status = glovebox.StatusPending
	})
}

// TestFollowOneAttempt: an answer has the bytes of one attempt alone, says
// which, and that another follows; who asks for one that is over is told.
func TestFollowOneAttempt(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	path := "/v1/jobs/" + id + "/output?follow=true"
	resp, err := c.http.Get("http://glovebox" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Glovebox-Attempt"); got != "1" {
		t.Errorf("before it is placed: attempt %q", got)
	}
	c.Place(id)
	c.Write(t, id, output.Stdout, []byte("first"))
	if _, err := io.ReadFull(resp.Body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	events, err := c.http.Get("http://glovebox/v1/jobs/" + id + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	c.loses(id)
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) != 0 || resp.Trailer.Get("Glovebox-Again") != "true" || resp.Trailer.Get("Glovebox-Next-Offset") != "5" {
		t.Errorf("%q %v %v", rest, err, resp.Trailer)
	}
	if a := c.do("GET", path+"&attempt=1&offset=2", ""); string(a.body) != "rst" || a.Trailer.Get("Glovebox-Again") != "true" {
		t.Errorf("the rest, between attempts: %d %q %v", a.StatusCode, a.body, a.Trailer)
	}
	c.Place(id)
	c.problem(c.do("GET", path+"&attempt=1&offset=5", ""), glovebox.KindConflict, "attempt")
	c.problem(c.do("GET", path+"&attempt=3", ""), glovebox.KindInvalid, "attempt")
	c.problem(c.do("GET", path+"&attempt=0", ""), glovebox.KindInvalid, "attempt")
	if _, err := c.Logs.Append(t.Context(), id, 2, output.Stdout, 0, []byte("second")); err != nil {
		t.Fatal(err)
	}
	if err := c.Logs.Seal(t.Context(), id, 2); err != nil {
		t.Fatal(err)
	}
	c.Service.Update(id, func(j *glovebox.Job) {
		j.Status, j.Outcome, j.Output = glovebox.StatusCompleted, glovebox.StatusCompleted, glovebox.Output{Stdout: 6, Sealed: true}
	})
	if a := c.do("GET", path, ""); string(a.body) != "second" || a.Header.Get("Glovebox-Attempt") != "2" || a.Trailer.Get("Glovebox-Again") != "false" {
		t.Errorf("%q %v %v", a.body, a.Header, a.Trailer)
	}
	text, err := io.ReadAll(events.Body)
	if err != nil {
		t.Fatal(err)
	}
	// An event's id begins with the attempt.
	for _, want := range []string{"id: 1-", "id: 2-", "event: end", `"reason":"node_lost"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the events:\n%s", want, text)
		}
	}
}

// TestDeleteJob: only what is archived, only what one has seen, only by who
// submitted it or an admin; then it is not there.
func TestDeleteJob(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	path := "/v1/jobs/" + id
	c.problem(c.do("DELETE", path, ""), glovebox.KindConflict, "")
	c.Place(id)
	c.Finish(t, id, 0)
	job := c.Archive(id)
	c.problem(c.do("DELETE", path, "", `If-Match: "1"`), glovebox.KindStale, "If-Match")
	c.problem(c.do("DELETE", path+"?force=1", ""), glovebox.KindUnknownField, "force")
	if a := c.do("DELETE", path, "", "If-Match: "+c.do("GET", path, "").Header.Get("ETag")); a.StatusCode != http.StatusNoContent {
		t.Errorf("%d %s, version %d", a.StatusCode, a.body, job.Version)
	}
	c.problem(c.do("DELETE", path, ""), glovebox.KindNotFound, "")
	c.problem(c.do("GET", path, ""), glovebox.KindNotFound, "")
}
