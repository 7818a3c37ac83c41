// Package memory is the reference model of glovebox.Store: maps under one
// lock. It says what the other stores must do, and serves tests that need a
// store but no disk. Nothing survives the process.
package memory

import (
	"context"
	"sync"
	"time"

	"glovebox"
)

// Store is a glovebox.Store in memory. The zero value is not usable.
type Store struct {
	mu      sync.RWMutex
	jobs    map[string]entry // by id
	keys    map[scopedKey]usedKey
	images  map[imageName][]byte // records
	records map[recordName]glovebox.Record
	audit   map[string][]glovebox.AuditEvent // by tenant, in order of Seq
	closed  bool
}

var _ glovebox.Store = (*Store)(nil)

// entry is a job for looking at, which never leaves the store, and its record,
// from which every reader gets a copy of its own.
type entry struct {
	job    glovebox.Job
	record []byte
}

type scopedKey struct{ tenant, key string }

type usedKey struct {
	fingerprint string
	expires     time.Time
	job         string // "" once it is deleted
}

type imageName struct{ tenant, name string }

type recordName struct{ kind, key string }

// New returns an empty store.
func New() *Store {
	return &Store{
		jobs:    map[string]entry{},
		keys:    map[scopedKey]usedKey{},
		images:  map[imageName][]byte{},
		records: map[recordName]glovebox.Record{},
		audit:   map[string][]glovebox.AuditEvent{},
	}
}

// Close forgets everything. Closing twice is fine.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.jobs, s.keys, s.images, s.records, s.audit = nil, nil, nil, nil, nil
	return nil
}

// usable is asked under the lock, before anything is read or written.
func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed {
		return glovebox.Errorf(glovebox.KindUnavailable, "the store is closed")
	}
	return nil
}
