package jobwatch

import (
	"context"
	"sync"
	"time"

	"glovebox"
)

// Observer is told of jobs. It is called in the goroutine of the write, after
// it has taken effect, by many at once: it must be quick and must not keep the
// job, which holds what nobody else may see.
type Observer interface {
	// Moved tells that a job was written. was is the zero Mark for a new job.
	// at is when the write returned.
	Moved(ctx context.Context, was Mark, is glovebox.Job, at time.Time)
	// FirstByte tells that the first byte of an attempt's output is stored, at
	// is.FirstByte. Output may overtake the report of the start and that of
	// the end, so is.StartedAt may be zero and is.EndedAt set.
	FirstByte(job string, is Mark)
}

// Mark is how far a job had come. It holds nothing of what the job is given or
// writes.
type Mark struct {
	Version    int64
	Attempt    int
	Status     glovebox.Status
	Sealed     bool
	CreatedAt  time.Time
	PlacedAt   time.Time
	StartedAt  time.Time
	EndedAt    time.Time
	ArchivedAt time.Time
	FirstByte  time.Time // as seen by this process
}

func markOf(j glovebox.Job) Mark {
	return Mark{
		Version: j.Version, Attempt: j.Attempt, Status: j.Status, Sealed: j.Output.Sealed, CreatedAt: j.CreatedAt,
		PlacedAt: j.PlacedAt, StartedAt: Started(j), EndedAt: j.EndedAt, ArchivedAt: j.ArchivedAt,
	}
}

// Started is when a job's command was started; zero if it was not, or not yet.
// A node may tell of the end of a short command before it tells of its start,
// and then only the duration is known.
func Started(j glovebox.Job) time.Time {
	if !j.StartedAt.IsZero() || j.Result == nil || j.EndedAt.IsZero() {
		return j.StartedAt
	}
	if at := j.EndedAt.Add(-time.Duration(j.Result.Duration)); at.After(j.PlacedAt) {
		return at
	}
	return j.PlacedAt
}

// maxMarks bounds what is remembered. A job that was forgotten costs one read
// at its next write.
const maxMarks = 1 << 14

// Watcher remembers the marks of the jobs that are not archived. One value
// serves a whole process.
type Watcher struct {
	observers []Observer
	now       func() time.Time

	mu    sync.Mutex
	marks map[string]entry
}

// entry is a mark, and whether a first byte would be news.
type entry struct {
	Mark
	silent bool // none so far, for sure
}

// New returns a Watcher that tells observers. now is time.Now if nil.
func New(now func() time.Time, observers ...Observer) *Watcher {
	if now == nil {
		now = time.Now
	}
	return &Watcher{observers: observers, now: now, marks: map[string]entry{}}
}

// known returns the mark of a job if it is that of the version.
func (w *Watcher) known(id string, version int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.marks[id]
	return ok && e.Version == version
}

// learn takes in a job that was read. What ran already may have written.
func (w *Watcher) learn(j glovebox.Job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.marks[j.ID]
	if ok && e.Version >= j.Version {
		return
	}
	first, silent := e.FirstByte, e.silent
	if !ok {
		silent = j.Status == glovebox.StatusPending
	}
	e = entry{markOf(j), silent}
	e.FirstByte = first
	w.keep(j.ID, e)
}

// keep stores an entry, in the place of any other if there are too many; w.mu
// is held.
func (w *Watcher) keep(id string, e entry) {
	if _, ok := w.marks[id]; !ok && len(w.marks) >= maxMarks {
		for other := range w.marks {
			delete(w.marks, other)
			break
		}
	}
	w.marks[id] = e
}

// moved tells of a write that took effect on the given version; 0 = creation.
func (w *Watcher) moved(ctx context.Context, version int64, j glovebox.Job) {
	w.mu.Lock()
	e, ok := w.marks[j.ID]
	switch {
	case version == 0:
		e = entry{silent: true}
	case !ok || e.Version != version:
		w.mu.Unlock()
		return // it could not be read before the write: better nothing than a guess
	}
	was := e.Mark
	e.Mark = markOf(j)
	e.FirstByte = was.FirstByte
	if j.Attempt > was.Attempt {
		e.FirstByte, e.silent = time.Time{}, true
	}
	if j.Status == glovebox.StatusArchived {
		delete(w.marks, j.ID)
	} else {
		w.keep(j.ID, e)
	}
	w.mu.Unlock()
	at := w.now()
	for _, o := range w.observers {
		o.Moved(ctx, was, j, at)
	}
}

// wrote tells of an attempt's first byte, if it is.
func (w *Watcher) wrote(job string, attempt int) {
	w.mu.Lock()
	e, ok := w.marks[job]
	if !ok || !e.silent || e.Attempt != attempt {
		w.mu.Unlock()
		return
	}
	e.silent, e.FirstByte = false, w.now()
	w.marks[job] = e
	w.mu.Unlock()
	for _, o := range w.observers {
		o.FirstByte(job, e.Mark)
	}
}
