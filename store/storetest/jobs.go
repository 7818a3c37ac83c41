package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"glovebox"
)

const (
	alice = "alice"
	bob   = "bob"
)

// epoch is when the suite's jobs begin to be made.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// newJob is a plain job with a fresh id.
func newJob(tenant string) glovebox.Job {
	return glovebox.Job{
		ID: glovebox.NewID("job-"), Tenant: tenant, Owner: "uid:0", Status: glovebox.StatusPending,
		Spec:      glovebox.Spec{Image: "busybox", Cmd: []string{"true"}},
		CreatedAt: epoch,
	}
}

// numbered is the n-th of a row of jobs, a second apart, whose ids sort by n.
func numbered(tenant string, n int) glovebox.Job {
	job := newJob(tenant)
	job.ID = fmt.Sprintf("job-%06d", n)
	job.CreatedAt = epoch.Add(time.Duration(n) * time.Second)
	return job
}

func create(t testing.TB, s glovebox.Jobs, job glovebox.Job) glovebox.Job {
	t.Helper()
	stored, fresh, err := s.CreateJob(context.Background(), job, nil)
	if err != nil || !fresh {
		t.Fatalf("create %s: fresh %v, %v", job.ID, fresh, err)
	}
	return stored
}

func update(t testing.TB, s glovebox.Jobs, job glovebox.Job) glovebox.Job {
	t.Helper()
	stored, err := s.UpdateJob(context.Background(), job, glovebox.Durable)
	if err != nil {
		t.Fatalf("update %s: %v", job.ID, err)
	}
	return stored
}

func get(t testing.TB, s glovebox.Jobs, id string) glovebox.Job {
	t.Helper()
	job, err := s.Job(context.Background(), glovebox.AnyTenant, id)
	if err != nil {
		t.Fatalf("get %s: %v", id, err)
	}
	return job
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got  %s\n want %s", what, show(got), show(want))
	}
}

// show writes out what is behind pointers too.
func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return string(text)
}

// wantKind asks for an error of a kind, and if field is not "" for that field.
// The error must be a *glovebox.Error itself or have one in its chain.
func wantKind(t testing.TB, err error, kind glovebox.Kind, field string) {
	t.Helper()
	var e *glovebox.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
	if e.Kind != kind || field != "" && e.Field != field {
		t.Fatalf("got kind %s on field %q (%v), want %s on %q", e.Kind, e.Field, e, kind, field)
	}
}

func ids(jobs []glovebox.Job) []string {
	all := make([]string, 0, len(jobs))
	for _, job := range jobs {
		all = append(all, job.ID)
	}
	return all
}
