package api

import (
	"container/list"
	"sync"
)

// recent keeps a value for each of the keys that were used last, and no more
// than it has room for: a flood of new keys makes it forget, not grow. It is
// safe for concurrent use.
type recent[K comparable, V any] struct {
	room  int
	fresh func() V

	mu    sync.Mutex
	at    map[K]*list.Element
	order list.List // of entries, the one used last in front
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](room int, fresh func() V) *recent[K, V] {
	return &recent[K, V]{room: room, fresh: fresh, at: map[K]*list.Element{}}
}

// get returns the value of a key, a fresh one if it is new or was forgotten.
func (m *recent[K, V]) get(key K) V {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.at[key]; ok {
		m.order.MoveToFront(e)
		return e.Value.(entry[K, V]).value
	}
	if m.order.Len() >= m.room {
		last := m.order.Back()
		delete(m.at, m.order.Remove(last).(entry[K, V]).key)
	}
	value := m.fresh()
	m.at[key] = m.order.PushFront(entry[K, V]{key, value})
	return value
}
