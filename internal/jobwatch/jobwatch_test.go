package jobwatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/jobwatch"
	"glovebox/store/memory"
	"glovebox/store/storetest"
)

// TestStore: the store behaves as without a watcher.
func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) glovebox.Store { return jobwatch.New(nil).Store(memory.New()) })
}

// told is an observer that keeps what it is told.
type told struct {
	mu    sync.Mutex
	moves []string
	first []jobwatch.Mark
}

func (o *told) Moved(_ context.Context, was jobwatch.Mark, is glovebox.Job, _ time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.moves = append(o.moves, fmt.Sprintf("%s>%s", was.Status, is.Status))
}

func (o *told) FirstByte(_ string, is jobwatch.Mark) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.first = append(o.first, is)
}

// pipe is an output that keeps nothing.
type pipe struct{ fail error }

func (p pipe) Append(_ context.Context, _ string, _ int, _ string, offset int64, b []byte) (int64, error) {
	return offset + int64(len(b)), p.fail
}
func (pipe) Sizes(context.Context, string, int) (glovebox.StreamSizes, error) {
	return glovebox.StreamSizes{}, nil
}
func (pipe) Stdin(context.Context, string, int64, func([]byte) error) error { return nil }

var t0 = time.Unix(1_800_000_000, 0).UTC()

func job() glovebox.Job {
	return glovebox.Job{ID: glovebox.NewID("j"), Tenant: "t", Status: glovebox.StatusPending, CreatedAt: t0, Due: t0}
}

func placed(j glovebox.Job) glovebox.Job {
	j.Status, j.Attempt, j.PlacedAt = glovebox.StatusProvisioning, j.Attempt+1, t0.Add(time.Second)
	return j
}

func running(j glovebox.Job) glovebox.Job {
	j.Status, j.StartedAt = glovebox.StatusRunning, t0.Add(2*time.Second)
	return j
}

func ended(j glovebox.Job) glovebox.Job {
	j.Status, j.Outcome, j.EndedAt = glovebox.StatusCompleted, glovebox.StatusCompleted, t0.Add(3*time.Second)
	return j
}

func archived(j glovebox.Job) glovebox.Job {
	j.Status, j.ArchivedAt, j.Due = glovebox.StatusArchived, t0.Add(4*time.Second), time.Time{}
	return j
}

// update writes a job; the test fails with it.
func update(t *testing.T, s glovebox.Store, j glovebox.Job) glovebox.Job {
	t.Helper()
	j, err := s.UpdateJob(t.Context(), j, glovebox.Durable)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func create(t *testing.T, s glovebox.Store, j glovebox.Job) glovebox.Job {
	t.Helper()
	j, _, err := s.CreateJob(t.Context(), j, nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestMoves: each write is told once, with where the job stood before, by
// whoever wrote it: also after a restart, and if another replica wrote between.
func TestMoves(t *testing.T) {
	inner := memory.New()
	a, b := &told{}, &told{}
	first, second := jobwatch.New(nil, a).Store(inner), jobwatch.New(nil, b).Store(inner)
	j := create(t, first, job())
	j = update(t, first, placed(j))
	j = update(t, second, running(j)) // it has never seen the job
	stale := j
	j = update(t, first, ended(j)) // it knows an older version
	if _, err := second.UpdateJob(t.Context(), ended(stale), glovebox.Durable); glovebox.KindOf(err) != glovebox.KindStale {
		t.Errorf("got %v", err)
	}
	update(t, second, archived(j))
	if want := []string{">PENDING", "PENDING>PROVISIONING", "RUNNING>COMPLETED"}; !slices.Equal(a.moves, want) {
		t.Errorf("the first was told %q, want %q", a.moves, want)
	}
	if want := []string{"PROVISIONING>RUNNING", "COMPLETED>ARCHIVED"}; !slices.Equal(b.moves, want) {
		t.Errorf("the second was told %q, want %q", b.moves, want)
	}
}

// TestRepeated: a submit that only finds an earlier one's job is no new job.
func TestRepeated(t *testing.T) {
	o := &told{}
	s := jobwatch.New(nil, o).Store(memory.New())
	key := &glovebox.IdempotencyKey{Key: "k", Fingerprint: "f", Expires: t0.Add(time.Hour)}
	for range 3 {
		if _, _, err := s.CreateJob(t.Context(), job(), key); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.moves) != 1 {
		t.Errorf("told %q", o.moves)
	}
}

// TestFirstByte: told once for an attempt, whichever stream it is in and
// however often it comes, and not for what may have been written before.
func TestFirstByte(t *testing.T) {
	write := func(out jobwatch.Output, id string, attempt int, stream string, offset int64, text string) {
		_, _ = out.Append(t.Context(), id, attempt, stream, offset, []byte(text))
	}
	now := t0.Add(90 * time.Second)
	for name, c := range map[string]struct {
		before func(glovebox.Job) glovebox.Job // as another process left it
		fail   error
		after  func(glovebox.Job) glovebox.Job
		write  func(jobwatch.Output, string)
		want   int
	}{
		"once": {job0, nil, placed, func(o jobwatch.Output, id string) {
			write(o, id, 1, "stderr", 0, "x")
			write(o, id, 1, "stdout", 0, "x")
			write(o, id, 1, "stderr", 0, "x")
			write(o, id, 1, "stderr", 1, "y")
		}, 1},
		"nothing":             {job0, nil, placed, func(o jobwatch.Output, id string) { write(o, id, 1, "stdout", 0, "") }, 0},
		"not stored":          {job0, errors.New("full"), placed, func(o jobwatch.Output, id string) { write(o, id, 1, "stdout", 0, "x") }, 0},
		"of another attempt":  {job0, nil, placed, func(o jobwatch.Output, id string) { write(o, id, 2, "stdout", 0, "x") }, 0},
		"of nobody":           {job0, nil, placed, func(o jobwatch.Output, _ string) { write(o, "jx", 1, "stdout", 0, "x") }, 0},
		"after a restart":     {placed, nil, running, func(o jobwatch.Output, id string) { write(o, id, 1, "stderr", 0, "x") }, 0},
		"of the next attempt": {placed, nil, placed, func(o jobwatch.Output, id string) { write(o, id, 2, "stdout", 0, "x") }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inner, o := memory.New(), &told{}
			j := create(t, inner, c.before(job()))
			w := jobwatch.New(func() time.Time { return now }, o)
			update(t, w.Store(inner), c.after(j))
			c.write(w.Output(pipe{c.fail}), j.ID)
			if len(o.first) != c.want {
				t.Fatalf("told %d times, want %d", len(o.first), c.want)
			}
			if c.want > 0 && (!o.first[0].FirstByte.Equal(now) || !o.first[0].CreatedAt.Equal(t0)) {
				t.Errorf("told %+v", o.first[0])
			}
		})
	}
}

func job0(j glovebox.Job) glovebox.Job { return j }

// TestStarted: the start is known from the duration if nobody told of it.
func TestStarted(t *testing.T) {
	j := ended(placed(job()))
	if at := jobwatch.Started(j); !at.IsZero() {
		t.Errorf("what never ran was started at %s", at)
	}
	j.Result = &glovebox.Result{Duration: glovebox.Duration(500 * time.Millisecond)}
	if at := jobwatch.Started(j); !at.Equal(j.EndedAt.Add(-500 * time.Millisecond)) {
		t.Errorf("started at %s", at)
	}
	j.Result.Duration = glovebox.Duration(time.Hour) // by a clock that is wrong
	if at := jobwatch.Started(j); !at.Equal(j.PlacedAt) {
		t.Errorf("started at %s", at)
	}
	if at := jobwatch.Started(running(j)); !at.Equal(t0.Add(2 * time.Second)) {
		t.Errorf("started at %s", at)
	}
}
