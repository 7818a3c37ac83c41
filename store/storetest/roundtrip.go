package storetest

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// testRoundTrip: a job with every field set comes back with every field.
func testRoundTrip(t *testing.T, s glovebox.Store) {
	var job glovebox.Job
	fill(&job)
	job.Version = 1
	equal(t, "created", create(t, s, job), job)
	equal(t, "read", get(t, s, job.ID), job)
	job = update(t, s, job)
	equal(t, "read after an update", get(t, s, job.ID), job)
	page, err := s.ListJobs(context.Background(), glovebox.JobFilter{Tenant: job.Tenant})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "listed", page.Jobs, []glovebox.Job{job})
	due, err := s.DueJobs(context.Background(), job.Due, 1)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "due", due, []glovebox.Job{job})
}

// testEachField: an update that changes one field stores it, whichever it is.
func testEachField(t *testing.T, s glovebox.Store) {
	var job glovebox.Job
	fill(&job)
	job.ID, job.Attempt = "job-each", 1
	job = create(t, s, job)
	all := leaves(new(glovebox.Job))
	if len(all) < 50 {
		t.Fatalf("found only %d fields", len(all))
	}
	for i, l := range all {
		switch l.path {
		case ".ID", ".Tenant", ".Version", ".CreatedAt":
			continue // the store's, or not to be changed
		}
		next := get(t, s, job.ID) // nothing shared with job
		leaves(&next)[i].change()
		if reflect.DeepEqual(next, job) {
			t.Fatalf("%s was not changed by the test", l.path)
		}
		want := next
		want.Version++
		var err error
		if job, err = s.UpdateJob(context.Background(), next, glovebox.Lazy); err != nil {
			t.Fatalf("changing %s: %v", l.path, err)
		}
		equal(t, "returned after a change of "+l.path, job, want)
		equal(t, "read after a change of "+l.path, get(t, s, job.ID), want)
	}
}

// testBare: what was not set is not set afterwards.
func testBare(t *testing.T, s glovebox.Store) {
	job := glovebox.Job{ID: "job-bare", Tenant: alice}
	create(t, s, job)
	job.Version = 1
	equal(t, "read", get(t, s, job.ID), job)
	page, err := s.ListJobs(context.Background(), glovebox.JobFilter{Tenant: alice})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "listed", page.Jobs, []glovebox.Job{job})
}

// testEmptyEntrypoint: an empty entrypoint takes the image's away; none at all
// leaves it. A store must tell them apart.
func testEmptyEntrypoint(t *testing.T, s glovebox.Store) {
	job := newJob(alice)
	job.Spec.Entrypoint = []string{}
	stored := create(t, s, job)
	if e := stored.Spec.Entrypoint; e == nil || len(e) != 0 {
		t.Fatalf("created with entrypoint %#v, want an empty one", e)
	}
	if e := get(t, s, job.ID).Spec.Entrypoint; e == nil || len(e) != 0 {
		t.Fatalf("read with entrypoint %#v, want an empty one", e)
	}
	stored.Spec.Entrypoint = nil
	update(t, s, stored)
	if e := get(t, s, job.ID).Spec.Entrypoint; e != nil {
		t.Fatalf("read with entrypoint %#v, want none", e)
	}
}

// testStrangeText: text is bytes to a store, as long as it is UTF-8.
func testStrangeText(t *testing.T, s glovebox.Store) {
	strange := []string{"", " ", "'; DROP TABLE jobs; --", `"\`, "a\x00b", "<&>", "\u2028\u2029", "é", "e\u0301",
		"\U0001F512", "%_*?[a-z]", "\n\r\t\x1b[0m", strings.Repeat("x", glovebox.MaxLabelBytes)}
	for i, text := range strange {
		job := newJob("tenant " + text)
		job.ID += text
		job.Node = "node" + text
		job.Owner, job.Spec.Cmd, job.Spec.Workdir = text, []string{text, text}, text
		job.Spec.Env = map[string]string{text: text}
		job.Spec.Labels = map[string]string{"k" + text: text, text: "v"}
		want := create(t, s, job)
		job.Version = 1
		equal(t, "created", want, job)
		equal(t, "read", get(t, s, job.ID), want)
		page, err := s.ListJobs(context.Background(), glovebox.JobFilter{
			Tenant: job.Tenant, Labels: job.Spec.Labels, Node: job.Node,
		})
		if err != nil || len(page.Jobs) != 1 {
			t.Fatalf("text %d %q: listed %v, %v", i, text, ids(page.Jobs), err)
		}
	}
}

// testLarge: a job at its caps fits.
func testLarge(t *testing.T, s glovebox.Store) {
	job := newJob(alice)
	job.Spec.Stdin = make([]byte, glovebox.MaxInlineStdin)
	for i := range job.Spec.Stdin {
		job.Spec.Stdin[i] = byte(i * 7)
	}
	job.Spec.Cmd = []string{strings.Repeat("\x01", glovebox.MaxArgBytes)}
	job.Spec.Env = map[string]string{"A": strings.Repeat("é", glovebox.MaxEnvBytes/2)}
	stored := create(t, s, job)
	job.Version = 1
	equal(t, "created", stored, job)
	equal(t, "read", get(t, s, job.ID), job)
}

// testTimes: an instant is kept to the nanosecond and comes back in UTC,
// whatever zone and clock reading it came with, in every field.
func testTimes(t *testing.T, s glovebox.Store) {
	far := time.FixedZone("far", 13*3600+37*60+11) // with seconds, which RFC 3339 cannot say
	for _, at := range []time.Time{
		time.Date(2026, 5, 6, 7, 8, 9, 123456789, far),
		time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Now(),
	} {
		job, want := newJob(alice), glovebox.Job{}
		setTimes(&job, at)
		stored := create(t, s, job)
		if job.Cancel.At.Location() != at.Location() {
			t.Fatal("the caller's job was changed")
		}
		want = job
		want.Version = 1
		cancel := *job.Cancel
		want.Cancel = &cancel
		setTimes(&want, at.Round(0).UTC()) // Round strips the clock reading
		equal(t, "created", stored, want)
		equal(t, "read", get(t, s, job.ID), want)
		setTimes(&stored, at)
		want.Version = 2
		equal(t, "updated", update(t, s, stored), want)
		equal(t, "read after the update", get(t, s, job.ID), want)
	}
}

func setTimes(job *glovebox.Job, at time.Time) {
	for _, l := range leaves(job) {
		if l.value.Type() == reflect.TypeFor[time.Time]() {
			l.value.Set(reflect.ValueOf(at))
		}
	}
}
