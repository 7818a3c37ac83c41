package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/output"
)

func TestSubmit(t *testing.T) {
	c := start(t)
	var got wire.Job
	a := c.do("POST", "/v1/jobs", `{"containerImage":"busybox:1.36","cmd":["echo","hi"],"entrypoint":["/bin/sh"],"env":{"A":"b"},
		"workdir":"/tmp","user":"1:2","stdin":"AAE=","timeout":"90s","limits":{"memory":134217728,"cpus":0.5,"pids":9,"disk":1048576,"inodes":99,"files":99,"output":4096},
		"runtime":"gvisor","imagePullPolicy":"Never","labels":{"team":"x"}}`)
	c.want(a, http.StatusAccepted, &got)
	if got.Status != "PENDING" || !glovebox.ValidID("j", got.ID) || got.Owner == "" || got.Version != 1 {
		t.Errorf("got %s", a.body)
	}
	if s := got.Spec; s.StdinBytes != 2 || s.Timeout != glovebox.Duration(90*time.Second) || s.Limits.CPUs != 0.5 || s.Env["A"] != "b" || s.Labels["team"] != "x" {
		t.Errorf("spec %+v", s)
	}
	if a.Header.Get("Location") != "/v1/jobs/"+got.ID || a.Header.Get("ETag") != `"1"` {
		t.Errorf("headers %v", a.Header)
	}
	if strings.Contains(string(a.body), "AAE=") || strings.Contains(string(a.body), "ledger") {
		t.Errorf("shows too much: %s", a.body)
	}
}

func TestIdempotencyKey(t *testing.T) {
	c := start(t)
	key := "Idempotency-Key: k1"
	var first, second wire.Job
	c.want(c.do("POST", "/v1/jobs", `{"containerImage":"a","cmd":["x"]}`, key), http.StatusAccepted, &first)
	a := c.do("POST", "/v1/jobs", ` {"cmd":["x"], "containerImage":"a"}`, key)
	c.want(a, http.StatusAccepted, &second)
	if first.ID != second.ID || a.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s and %s, %v", first.ID, second.ID, a.Header)
	}
	c.problem(c.do("POST", "/v1/jobs", `{"containerImage":"b","cmd":["x"]}`, key), glovebox.KindKeyReused, "Idempotency-Key")
	c.problem(c.do("POST", "/v1/jobs", `{"containerImage":"b"}`, key, "Idempotency-Key: k2"), glovebox.KindDuplicateField, "Idempotency-Key")
	c.problem(c.do("POST", "/v1/jobs", `{"containerImage":"b"}`, "Idempotency-Key: "+strings.Repeat("x", 256)), glovebox.KindInvalid, "Idempotency-Key")
	c.problem(c.do("POST", "/v1/jobs", `{"containerImage":"b"}`, "Idempotency-Key: é"), glovebox.KindInvalid, "Idempotency-Key")
}

func TestReadJob(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Place(id)
	c.Write(t, id, output.Stdout, []byte("12345"))
	var job wire.Job
	a := c.do("GET", "/v1/jobs/"+id, "")
	c.want(a, http.StatusOK, &job)
	if job.Output.Stdout != 5 || job.Output.Sealed || job.Status != "RUNNING" {
		t.Errorf("live sizes: %s", a.body)
	}
	tag := a.Header.Get("ETag")
	c.want(c.do("GET", "/v1/jobs/"+id, "", "If-None-Match: "+tag), http.StatusNotModified, nil)
	c.want(c.do("GET", "/v1/jobs/"+id, "", `If-None-Match: "x", `+tag), http.StatusNotModified, nil)
	c.Write(t, id, output.Stderr, []byte("6"))
	c.want(c.do("GET", "/v1/jobs/"+id, "", "If-None-Match: "+tag), http.StatusOK, nil)
	c.Finish(t, id, 3)
	a = c.do("GET", "/v1/jobs/"+id, "")
	c.want(a, http.StatusOK, &job)
	if job.Result == nil || job.Result.ExitCode != 3 || !job.Output.Sealed || a.Header.Get("ETag") != fmt.Sprintf(`"%d"`, job.Version) {
		t.Errorf("ended: %s %v", a.body, a.Header)
	}
}

func TestFailedJobShowsWhy(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Service.Update(id, func(j *glovebox.Job) {
		j.Status, j.Outcome, j.Reason = glovebox.StatusFailed, glovebox.StatusFailed, glovebox.ReasonImageUnavailable
		j.Fault = glovebox.Errorf(glovebox.KindTagUnknown, "no tag 9").Try("look")
		j.Image = glovebox.ImageRef{Name: "docker.io/library/busybox:9"}
		j.EndedAt = time.Now()
	})
	var job wire.Job
	c.want(c.do("GET", "/v1/jobs/"+id, ""), http.StatusOK, &job)
	if job.Error == nil || job.Error.Kind != glovebox.KindTagUnknown || job.Error.Hint != "look" || job.Reason != "image_unavailable" {
		t.Errorf("%+v", job.Error)
	}
	var page wire.JobPage
	c.want(c.do("GET", "/v1/jobs", ""), http.StatusOK, &page)
	if len(page.Jobs) != 1 || page.Jobs[0].Reason != "image_unavailable" {
		t.Errorf("%+v", page)
	}
}

func TestListJobs(t *testing.T) {
	c := start(t)
	var ids []string
	for i := range 7 {
		ids = append([]string{c.submit(fmt.Sprintf(`,"labels":{"n":"%d","even":"%t"}`, i, i%2 == 0)).ID}, ids...)
	}
	c.Place(ids[0])
	list := func(query string) (got []string, next string) {
		t.Helper()
		var page wire.JobPage
		c.want(c.do("GET", "/v1/jobs?"+query, ""), http.StatusOK, &page)
		for _, j := range page.Jobs {
			got = append(got, j.ID)
		}
		return got, page.Next
	}
	var paged []string
	for cursor, n := "", 0; n == 0 || cursor != ""; n++ {
		var part []string
		part, cursor = list("limit=3&cursor=" + cursor)
		paged = append(paged, part...)
	}
	if fmt.Sprint(paged) != fmt.Sprint(ids) {
		t.Errorf("paged %v, want %v", paged, ids)
	}
	if got, _ := list("status=RUNNING&status=FAILED"); fmt.Sprint(got) != fmt.Sprint(ids[:1]) {
		t.Errorf("by status: %v", got)
	}
	if got, _ := list("label=even%3Dtrue&label=n%3D2"); fmt.Sprint(got) != fmt.Sprint(ids[4:5]) {
		t.Errorf("by label: %v", got)
	}
	if got, _ := list("until=2000-01-01T00:00:00Z"); len(got) != 0 {
		t.Errorf("until: %v", got)
	}
	if got, _ := list("since=" + url.QueryEscape(time.Now().Add(-time.Hour).Format(time.RFC3339))); len(got) != 7 {
		t.Errorf("since: %v", got)
	}
}

// TestListByOutcome: how a job ended can be asked for whether it is archived
// or not, together with everything else.
func TestListByOutcome(t *testing.T) {
	c := start(t)
	ends := []glovebox.Status{glovebox.StatusFailed, glovebox.StatusCompleted, glovebox.StatusCancelled, glovebox.StatusFailed, ""}
	ids := make([]string, len(ends))
	for i, end := range ends {
		ids[i] = c.submit(fmt.Sprintf(`,"labels":{"n":"%d"}`, i)).ID
		if end != "" {
			c.Service.Update(ids[i], func(j *glovebox.Job) { j.Status, j.Outcome = end, end })
		}
	}
	c.Archive(ids[0])
	c.Archive(ids[1])
	for query, want := range map[string][]int{
		"outcome=FAILED":                            {3, 0},
		"outcome=FAILED&outcome=CANCELLED":          {3, 2, 0},
		"outcome=COMPLETED":                         {1},
		"outcome=FAILED&status=ARCHIVED":            {0},
		"outcome=FAILED&label=n%3D3":                {3},
		"status=FAILED":                             {3},
		"outcome=FAILED&until=2000-01-01T00:00:00Z": {},
	} {
		var page wire.JobPage
		c.want(c.do("GET", "/v1/jobs?"+query, ""), http.StatusOK, &page)
		var got []int
		for _, j := range page.Jobs {
			got = append(got, slices.Index(ids, j.ID))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

func TestListRefusals(t *testing.T) {
	c := start(t)
	cases := []struct {
		query, field string
		kind         glovebox.Kind
	}{
		{"status=running", "status", glovebox.KindInvalid},
		{"outcome=failed", "outcome", glovebox.KindInvalid},
		{"outcome=", "outcome", glovebox.KindInvalid},
		{"outcome=RUNNING", "outcome", glovebox.KindInvalid},
		{"outcome=FAILED&outcome=ARCHIVED", "outcome", glovebox.KindInvalid},
		{"label=x", "label", glovebox.KindInvalid},
		{"label=a%3D1&label=a%3D2", "label", glovebox.KindDuplicateField},
		{"since=yesterday", "since", glovebox.KindInvalid},
		{"until=1", "until", glovebox.KindInvalid},
		{"limit=0", "limit", glovebox.KindInvalid},
		{"limit=1001", "limit", glovebox.KindInvalid},
		{"limit=99999999999999999999", "limit", glovebox.KindInvalid},
		{"limit=1&limit=2", "limit", glovebox.KindDuplicateField},
		{"cursor=zzz", "cursor", glovebox.KindInvalid},
		{"colour=red", "colour", glovebox.KindUnknownField},
		{"limit=%zz", "", glovebox.KindMalformed},
		{"limit=1;limit=2", "", glovebox.KindMalformed},
		{strings.Repeat("label=a%3D1&", 1) + manyLabels(65), "label", glovebox.KindTooLarge},
	}
	for _, k := range cases {
		c.problem(c.do("GET", "/v1/jobs?"+k.query, ""), k.kind, k.field)
	}
}

func manyLabels(n int) string {
	q := url.Values{}
	for i := range n {
		q.Add("label", fmt.Sprintf("l%d=v", i))
	}
	return q.Encode()
}

func TestListIsSmallWhateverJobsHold(t *testing.T) {
	c := start(t)
	args, _ := json.Marshal([]string{strings.Repeat("x", 100_000), "y"})
	c.submit(`,"entrypoint":` + string(args))
	a := c.do("GET", "/v1/jobs", "")
	if len(a.body) > 2000 {
		t.Errorf("%d bytes for one job", len(a.body))
	}
}

func TestCancel(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	var job wire.Job
	c.problem(c.do("POST", "/v1/jobs/"+id+"/cancel", "", `If-Match: "9"`), glovebox.KindStale, "If-Match")
	c.problem(c.do("POST", "/v1/jobs/"+id+"/cancel", "{}"), glovebox.KindMalformed, "")
	for range 2 {
		c.want(c.do("POST", "/v1/jobs/"+id+"/cancel", ""), http.StatusOK, &job)
		if job.Cancel == nil || !strings.HasPrefix(job.Cancel.By, "uid:") || job.Version != 2 {
			t.Errorf("%+v", job)
		}
	}
	c.want(c.do("POST", "/v1/jobs/"+id+"/cancel", "", `If-Match: "2"`), http.StatusOK, nil)
}

func TestWait(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	var job wire.Job
	c.want(c.do("GET", "/v1/jobs/"+id+"/wait?timeout=10ms", ""), http.StatusOK, &job)
	if job.Status != "PENDING" {
		t.Errorf("after the time-out: %s", job.Status)
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		c.Place(id)
		c.Finish(t, id, 0)
	}()
	c.want(c.do("GET", "/v1/jobs/"+id+"/wait", ""), http.StatusOK, &job)
	if job.Status != "COMPLETED" {
		t.Errorf("ended: %s", job.Status)
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		c.Archive(id)
	}()
	c.want(c.do("GET", "/v1/jobs/"+id+"/wait?for=archived&timeout=1m", ""), http.StatusOK, &job)
	if job.Status != "ARCHIVED" || job.Outcome != "COMPLETED" {
		t.Errorf("archived: %s", job.Status)
	}
	c.problem(c.do("GET", "/v1/jobs/"+id+"/wait?for=godot", ""), glovebox.KindInvalid, "for")
	c.problem(c.do("GET", "/v1/jobs/"+id+"/wait?timeout=1h", ""), glovebox.KindInvalid, "timeout")
	c.problem(c.do("GET", "/v1/jobs/"+id+"/wait?timeout=5", ""), glovebox.KindInvalid, "timeout")
}

// TestForeignAndUnknownIDs: every route answers the same for a job of another
// tenant as for one that does not exist.
func TestForeignAndUnknownIDs(t *testing.T) {
	c := start(t)
	foreign := glovebox.NewID("j")
	c.Service.Add(glovebox.Job{ID: foreign, Tenant: "other", Status: glovebox.StatusRunning, Attempt: 1, Version: 3, Spec: glovebox.Spec{StdinStream: true}})
	for _, id := range []string{foreign, glovebox.NewID("j"), "x", "J1", "j%00", "%E2%82%AC", strings.Repeat("a", 300), "a.b"} {
		for _, route := range []string{"GET ", "GET /wait", "POST /cancel", "GET /output", "GET /output?follow=true", "GET /events", "PUT /stdin", "POST /stdin"} {
			method, part, _ := strings.Cut(route, " ")
			a := c.do(method, "/v1/jobs/"+id+part, "")
			c.problem(a, glovebox.KindNotFound, "")
		}
	}
}

// TestServiceErrors: what a service refuses arrives with its kind, and what it
// did not foresee arrives as internal and without its text.
func TestServiceErrors(t *testing.T) {
	var fail error
	c := start(t)
	c.Service.Fail(func(string) error { return fail })
	c.Images.Fail(func(string) error { return fail })
	routes := []func() answer{
		func() answer { return c.do("POST", "/v1/jobs", `{"containerImage":"a"}`) },
		func() answer { return c.do("POST", "/v1/jobs", `{"containerImage":"a"}`, "Accept: text/event-stream") },
		func() answer { return c.do("GET", "/v1/images", "") },
		func() answer { return c.do("POST", "/v1/images/pull", `{"name":"a"}`) },
		func() answer {
			return c.do("POST", "/v1/images/import", "x", "Content-Type: ", "Content-Type: application/x-tar")
		},
	}
	documented := []glovebox.Kind{
		glovebox.KindInvalid, glovebox.KindDenied, glovebox.KindNotFound, glovebox.KindTooMany, glovebox.KindUnavailable,
		glovebox.KindImageUnknown, glovebox.KindImageDenied, glovebox.KindUnreachable, glovebox.KindImageTooLarge, glovebox.KindStart,
	}
	for _, k := range documented {
		fail = fmt.Errorf("deep down: %w", glovebox.Errorf(k, "told so").On("a.b").Try("do %s", "this"))
		for i, route := range routes {
			if i == 2 && (k == glovebox.KindTooMany || k.Info().Status == 502 || k.Info().Status == 404 || k.Info().Status == 413) {
				continue // a list is not expected to fail like that
			}
			a := route()
			p := c.problem(a, k, "a.b")
			if p.Detail != "told so" || p.Hint != "do this" {
				t.Errorf("%s", a.body)
			}
			if after := a.Header.Get("Retry-After"); (k == glovebox.KindTooMany || k == glovebox.KindUnavailable) != (after != "") {
				t.Errorf("%s: Retry-After %q", k, after)
			}
		}
	}
	fail = errors.New("password is hunter2")
	for _, route := range routes {
		if a := route(); strings.Contains(string(a.body), "hunter2") {
			t.Errorf("told an internal: %s", a.body)
		} else {
			c.problem(a, glovebox.KindInternal, "")
		}
	}
}
