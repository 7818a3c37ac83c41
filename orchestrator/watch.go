package orchestrator

import "sync"

// watchers wakes those who wait for a job to change. It remembers only jobs
// that somebody waits for.
type watchers struct {
	mu   sync.Mutex
	jobs map[string]*watched
}

type watched struct {
	changed chan struct{}
	users   int
}

func newWatchers() *watchers { return &watchers{jobs: map[string]*watched{}} }

// watch returns a channel that is closed at the job's next change, and a
// function to call when the caller does not need it any more.
func (w *watchers) watch(id string) (<-chan struct{}, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.jobs[id]
	if !ok {
		e = &watched{changed: make(chan struct{})}
		w.jobs[id] = e
	}
	e.users++
	return e.changed, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if e.users--; e.users == 0 && w.jobs[id] == e {
			delete(w.jobs, id)
		}
	}
}

// notify wakes everybody who waits for the job.
func (w *watchers) notify(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.jobs[id]; ok {
		close(e.changed)
		delete(w.jobs, id)
	}
}
