package output

import "sync"

// hub wakes the readers of a key when it has grown. A wake-up carries no data
// and may come for nothing; the blob is the truth.
type hub struct {
	mu     sync.Mutex
	topics map[string]*topic // only keys that somebody waits for
}

// topic is a key that somebody reads. Its channel is closed, and replaced, at
// each wake-up.
type topic struct {
	grown   chan struct{}
	ended   bool // all bytes are there, though perhaps not durable yet
	readers int
}

// join adds a reader of key; leave must follow.
func (h *hub) join(key string) *topic {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[key]
	if t == nil {
		t = &topic{grown: make(chan struct{})}
		h.topics[key] = t
	}
	t.readers++
	return t
}

func (h *hub) leave(key string, t *topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.readers--; t.readers == 0 {
		delete(h.topics, key)
	}
}

// next returns a channel that is closed at the next wake-up, and whether the
// writer has ended. Take it before looking at the blob, or a wake-up in between
// is lost.
func (h *hub) next(t *topic) (grown <-chan struct{}, ended bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return t.grown, t.ended
}

// wake tells the readers of key that it has grown or, with ended, that it has
// grown for the last time.
func (h *hub) wake(key string, ended bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[key]; t != nil {
		t.ended = t.ended || ended
		close(t.grown)
		t.grown = make(chan struct{})
	}
}
