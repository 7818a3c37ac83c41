package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/output"
)

type event struct{ id, name, data string }

// parseEvents reads what the standard says, not what the client does.
func parseEvents(t testing.TB, b []byte) []event {
	t.Helper()
	if len(b) > 0 && !bytes.HasSuffix(b, []byte("\n\n")) {
		b = b[:bytes.LastIndex(b, []byte("\n\n"))+2] // a broken tail is no event
	}
	var all []event
	for block := range strings.SplitSeq(string(b), "\n\n") {
		var e event
		for line := range strings.SplitSeq(block, "\n") {
			name, value, _ := strings.Cut(line, ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			}
		}
		if e.name != "" {
			all = append(all, e)
		}
	}
	return all
}

// seen is what a caller of events has put together.
type seen struct {
	out, err []byte
	statuses []string
	last     string // id
	ended    bool
}

func (s *seen) take(t testing.TB, e event) {
	t.Helper()
	if s.ended {
		t.Fatalf("%s after the end", e.name)
	}
	if e.id == "" {
		t.Fatalf("%s has no id: %s", e.name, e.data)
	}
	s.last = e.id
	switch e.name {
	case "stdout":
		s.out = joined(t, s.out, e.data)
	case "stderr":
		s.err = joined(t, s.err, e.data)
	case "job", "end":
		var job wire.Job
		if err := json.Unmarshal([]byte(e.data), &job); err != nil {
			t.Fatal(err)
		}
		s.statuses = append(s.statuses, string(job.Status))
		s.ended = e.name == "end"
	default:
		t.Fatalf("event %q: %s", e.name, e.data)
	}
}

func joined(t testing.TB, have []byte, data string) []byte {
	t.Helper()
	var d wire.Data
	if err := json.Unmarshal([]byte(data), &d); err != nil {
		t.Fatal(err)
	}
	if d.Offset != int64(len(have)) || len(d.Data) == 0 {
		t.Fatalf("%d bytes at %d after %d", len(d.Data), d.Offset, len(have))
	}
	return append(have, d.Data...)
}

func TestSubmitAndStream(t *testing.T) {
	c := start(t)
	go func() {
		var id string
		for id == "" {
			var page wire.JobPage
			if a := c.do("GET", "/v1/jobs", ""); json.Unmarshal(a.body, &page) == nil && len(page.Jobs) > 0 {
				id = page.Jobs[0].ID
			}
		}
		c.Place(id)
		c.Write(t, id, output.Stdout, nasty)
		c.Write(t, id, output.Stderr, []byte("to stderr"))
		c.Finish(t, id, 7)
	}()
	a := c.do("POST", "/v1/jobs", `{"containerImage":"a"}`, "Accept: text/event-stream")
	c.want(a, http.StatusOK, nil)
	if a.Header.Get("Content-Type") != "text/event-stream" || !strings.HasPrefix(a.Header.Get("Location"), "/v1/jobs/j") {
		t.Errorf("%v", a.Header)
	}
	var s seen
	for _, e := range parseEvents(t, a.body) {
		s.take(t, e)
		c.doc.validate(t, "/components/schemas/"+map[string]string{"job": "Job", "end": "Job", "stdout": "Data", "stderr": "Data"}[e.name], []byte(e.data))
	}
	if !s.ended || !bytes.Equal(s.out, nasty) || string(s.err) != "to stderr" {
		t.Errorf("%+v", s)
	}
	if n := len(s.statuses); s.statuses[0] != "PENDING" || s.statuses[n-1] != "COMPLETED" {
		t.Errorf("statuses %v", s.statuses)
	}
}

// TestEventsResumeExactly cuts the stream at every event and goes on after it:
// whatever the cut, the two parts together are the whole, no byte twice.
func TestEventsResumeExactly(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Place(id)
	c.Write(t, id, output.Stdout, nasty)
	c.Write(t, id, output.Stderr, pattern(60_000))
	c.Write(t, id, output.Stdout, pattern(200_000))
	c.Finish(t, id, 0)
	path := "/v1/jobs/" + id + "/events"
	all := parseEvents(t, c.do("GET", path, "").body)
	want := append(bytes.Clone(nasty), pattern(200_000)...)
	for cut := range all {
		var s seen
		for _, e := range all[:cut+1] {
			s.take(t, e)
		}
		if s.ended {
			s.ended = false
		}
		for _, e := range parseEvents(t, c.do("GET", path, "", "Last-Event-ID: "+s.last).body) {
			s.take(t, e)
		}
		if !s.ended || !bytes.Equal(s.out, want) || !bytes.Equal(s.err, pattern(60_000)) {
			t.Fatalf("cut after %d: %d and %d bytes, ended %t", cut, len(s.out), len(s.err), s.ended)
		}
	}
	if len(all) < 5 {
		t.Errorf("only %d events", len(all))
	}
}

// TestEventsResumeWhileRunning breaks the connection at random bytes while the
// job writes.
func TestEventsResumeWhileRunning(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Place(id)
	want := pattern(200_000)
	go func() {
		for i := 0; i < len(want); i += 5000 {
			c.Write(t, id, output.Stdout, want[i:i+5000])
			c.Write(t, id, output.Stderr, want[i:i+5000])
			time.Sleep(time.Millisecond)
		}
		c.Finish(t, id, 0)
	}()
	var s seen
	for tries := 0; !s.ended; tries++ {
		req, _ := http.NewRequest("GET", "http://glovebox/v1/jobs/"+id+"/events", nil)
		if s.last != "" {
			req.Header.Set("Last-Event-ID", s.last)
		}
		resp, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 70_000+rand.N(60_000))
		n := 0
		for n < len(part) && err == nil {
			var m int
			m, err = resp.Body.Read(part[n:])
			n += m
		}
		resp.Body.Close()
		for _, e := range parseEvents(t, part[:n]) {
			s.take(t, e)
		}
		if tries > 200 {
			t.Fatal("gets nowhere")
		}
	}
	if !bytes.Equal(s.out, want) || !bytes.Equal(s.err, want) {
		t.Errorf("%d and %d bytes of %d", len(s.out), len(s.err), len(want))
	}
}

func TestEventsRefusals(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	path := "/v1/jobs/" + id + "/events"
	for _, bad := range []string{"x", "1", "1-1-1", "1-1-1-1-1", "-1-1-1-1", "01-1-0-0", "1-1-0-x", "0-99-0-0", "5-1-0-0", "0-1-5-0", "0-1-0-5", "99999999999-1-0-0", "1-99999999999999999999-0-0"} {
		c.problem(c.do("GET", path, "", "Last-Event-ID: "+bad), glovebox.KindInvalid, "Last-Event-ID")
	}
	c.problem(c.do("GET", path+"?from=1", ""), glovebox.KindUnknownField, "from")
}

func TestEventsOfAJobNeverPlaced(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Service.Update(id, func(j *glovebox.Job) { j.Status, j.Outcome = glovebox.StatusFailed, glovebox.StatusFailed })
	var s seen
	for _, e := range parseEvents(t, c.do("GET", "/v1/jobs/"+id+"/events", "").body) {
		s.take(t, e)
	}
	if !s.ended || fmt.Sprint(s.statuses) != "[FAILED FAILED]" {
		t.Errorf("%+v", s)
	}
}

// TestEventsWhenSealedFirst: output that is complete before the result is known
// does not end the stream early.
func TestEventsWhenSealedFirst(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	go func() {
		c.Place(id)
		c.Write(t, id, output.Stdout, []byte("x"))
		if err := c.Logs.Seal(t.Context(), id, 1); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Millisecond)
		c.Finish(t, id, 3)
	}()
	var s seen
	for _, e := range parseEvents(t, c.do("GET", "/v1/jobs/"+id+"/events", "").body) {
		s.take(t, e)
	}
	if !s.ended || string(s.out) != "x" || s.statuses[len(s.statuses)-1] != "COMPLETED" {
		t.Errorf("%+v", s)
	}
}

// TestEventsHideWhatIsControls: a version that changed nothing to be seen is
// no event.
func TestEventsHideWhatIsControls(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	go func() {
		for range 10 {
			time.Sleep(2 * time.Millisecond)
			c.Service.Update(id, func(j *glovebox.Job) { j.Lease.Until = time.Now() })
		}
		c.Place(id)
		c.Write(t, id, output.Stdout, []byte("x"))
		time.Sleep(5 * time.Millisecond)
		c.Archive(id) // without seal
	}()
	var s seen
	for _, e := range parseEvents(t, c.do("GET", "/v1/jobs/"+id+"/events", "").body) {
		s.take(t, e)
	}
	if got := fmt.Sprint(s.statuses); got != "[PENDING RUNNING ARCHIVED ARCHIVED]" || string(s.out) != "x" {
		t.Errorf("%s, %q", got, s.out)
	}
}

// TestEventsTellOfFailure: when the service fails under way, the stream says so
// and breaks off, and the caller can come back.
func TestEventsTellOfFailure(t *testing.T) {
	c := start(t)
	id := c.submit("").ID
	c.Service.Fail(func(method string) error {
		if method == "Watch" {
			return glovebox.Errorf(glovebox.KindUnavailable, "the store is away")
		}
		return nil
	})
	resp, err := c.http.Get("http://glovebox/v1/jobs/" + id + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err == nil {
		t.Error("the stream seems whole")
	}
	events := parseEvents(t, b.Bytes())
	if len(events) != 2 || events[1].name != "error" || !strings.Contains(events[1].data, "the store is away") {
		t.Errorf("%s", b.Bytes())
	}
}
