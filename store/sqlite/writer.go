package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"glovebox"
)

const (
	queueLen = 1024
	maxBatch = 256 // bounds how long the first write of a batch waits for the last
)

// writer is the one that writes: a queue, and the goroutine that owns the
// connection at its other end.
type writer struct {
	queue   chan *write
	stopped chan struct{} // the goroutine has ended
	ended   error         // how, once stopped is closed

	mu     sync.RWMutex // held for reading while a write is put in the queue
	closed bool         // the queue takes nothing more
}

// write is one change waiting for its turn. run is called on the writer's
// goroutine, at most once, and not after ctx was seen to have ended.
type write struct {
	ctx        context.Context
	durability glovebox.Durability
	run        func(*statements) error
	done       chan error // gets one answer
}

func openWriter(ctx context.Context, path string, busy time.Duration) (*writer, error) {
	db, err := sql.Open("sqlite", dsn(path, "rw", busy))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	c, err := openCommitter(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	w := &writer{queue: make(chan *write, queueLen), stopped: make(chan struct{})}
	go func() {
		defer close(w.stopped)
		w.work(c)
		w.ended = errors.Join(c.close(), db.Close())
	}()
	return w, nil
}

// do has run called in a transaction and returns when that is committed, with
// what run returned. When ctx ends first the caller cannot know; run may then
// still be called, so the caller must not look at what run wrote.
func (w *writer) do(ctx context.Context, d glovebox.Durability, run func(*statements) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	one := &write{ctx: ctx, durability: d, run: run, done: make(chan error, 1)}
	if err := w.put(one); err != nil {
		return err
	}
	select {
	case err := <-one.done:
		return err
	case <-ctx.Done():
	}
	select { // both: the answer is worth more
	case err := <-one.done:
		return err
	default:
		return ctx.Err()
	}
}

// put holds the lock while it waits for room, which the writer's goroutine
// makes without it, so that close cannot come between.
func (w *writer) put(one *write) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed()
	}
	select {
	case w.queue <- one:
		return nil
	case <-one.ctx.Done():
		return one.ctx.Err()
	}
}

// close lets what is in the queue be written, then ends the goroutine.
func (w *writer) close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.stopped
	return w.ended
}

// work commits batch after batch: all that came in while the last one was
// being synced is the next one.
func (w *writer) work(c *committer) {
	batch := make([]*write, 0, maxBatch)
	for one := range w.queue {
		batch = append(batch[:0], one)
		batch = w.gather(batch)
		c.commit(batch)
		clear(batch) // or the last batch of a busy hour stays in memory
	}
}

func (w *writer) gather(batch []*write) []*write {
	for len(batch) < maxBatch {
		select {
		case one, ok := <-w.queue:
			if !ok {
				return batch
			}
			batch = append(batch, one)
		default:
			return batch
		}
	}
	return batch
}
