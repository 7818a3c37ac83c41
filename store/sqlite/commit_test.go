package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

// committerOf opens the committer of a new file, without a goroutine before it.
func committerOf(t *testing.T) *committer {
	t.Helper()
	path := tempPath(t)
	if err := createFile(path); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", dsn(path, "rw", time.Second))
	if err != nil {
		t.Fatal(err)
	}
	c, err := openCommitter(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(c.close(), db.Close()) })
	return c
}

func (c *committer) create(t *testing.T, id string, d glovebox.Durability, after error) *write {
	t.Helper()
	job, body, err := record.Job(newJob(id))
	if err != nil {
		t.Fatal(err)
	}
	return &write{ctx: ctx, durability: d, done: make(chan error, 1), run: func(s *statements) error {
		_, err := s.create(newRow(job, body), nil)
		return errors.Join(err, after)
	}}
}

func (c *committer) has(t *testing.T, id string) (found bool) {
	t.Helper()
	if _, err := c.stmts.first(c.stmts.exists, []any{id}, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestBatch: in one transaction, a write that fails half-way is undone and
// those around it are not.
func TestBatch(t *testing.T) {
	c := committerOf(t)
	oops := glovebox.Errorf(glovebox.KindConflict, "oops")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	late := c.create(t, "late", glovebox.Durable, nil)
	late.ctx = ended
	batch := []*write{
		c.create(t, "a", glovebox.Durable, nil),
		c.create(t, "b", glovebox.Durable, oops),
		late,
		c.create(t, "a", glovebox.Durable, nil),
		c.create(t, "c", glovebox.Lazy, nil),
	}
	c.commit(batch)
	for i, want := range []error{nil, oops, context.Canceled, nil, nil} {
		err := <-batch[i].done
		switch i {
		case 3:
			if glovebox.KindOf(err) != glovebox.KindConflict {
				t.Errorf("the same id again in one batch: %v", err)
			}
		default:
			if !errors.Is(err, want) {
				t.Errorf("write %d: %v, want %v", i, err, want)
			}
		}
	}
	for id, want := range map[string]bool{"a": true, "b": false, "late": false, "c": true} {
		if c.has(t, id) != want {
			t.Errorf("%s is there: %v", id, !want)
		}
	}
}

// TestSync: the disk is waited for if one write in the batch wants it.
func TestSync(t *testing.T) {
	const normal, full = 1, 2
	c := committerOf(t)
	n := 0
	for _, step := range []struct {
		batch []glovebox.Durability
		want  int
	}{
		{[]glovebox.Durability{glovebox.Durable}, full},
		{[]glovebox.Durability{glovebox.Lazy, glovebox.Lazy}, normal},
		{[]glovebox.Durability{glovebox.Lazy}, normal},
		{[]glovebox.Durability{glovebox.Lazy, glovebox.Durable, glovebox.Lazy}, full},
	} {
		var batch []*write
		for _, d := range step.batch {
			n++
			batch = append(batch, c.create(t, string(rune('a'+n)), d, nil))
		}
		c.commit(batch)
		for _, w := range batch {
			if err := <-w.done; err != nil {
				t.Fatal(err)
			}
		}
		var level int
		if err := c.conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level); err != nil || level != step.want {
			t.Errorf("batch %v: level %d, %v; want %d", step.batch, level, err, step.want)
		}
	}
}

// TestQueue: with the writer held up, readers are not; a caller who has had
// enough of waiting leaves, and its write is not made afterwards.
func TestQueue(t *testing.T) {
	s := openTest(t, tempPath(t))
	mustCreate(t, s, "a")
	hold, held := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.writer.do(ctx, glovebox.Durable, func(*statements) error {
			close(held)
			<-hold
			return nil
		})
	}()
	<-held
	if !has(t, s, "a") {
		t.Error("cannot read")
	}
	if page, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: "alice"}); err != nil || len(page.Jobs) != 1 {
		t.Errorf("list: %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if _, _, err := s.CreateJob(short, newJob("b"), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("create: %v", err)
	}
	close(hold)
	if err := <-done; err != nil {
		t.Error(err)
	}
	mustCreate(t, s, "c")
	if has(t, s, "b") {
		t.Error("the write was made after its caller had left")
	}
}
