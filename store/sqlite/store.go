package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"glovebox"
)

// Store is a glovebox.Store in one file. Use Open.
type Store struct {
	writer  *writer
	readers *sql.DB
	byID    *sql.Stmt
	due     *sql.Stmt
	expired *sql.Stmt
	record  *sql.Stmt
	kept    *sql.Stmt

	closing sync.Once
	closed  error
}

var _ glovebox.Store = (*Store)(nil)

// Close waits for the writes that were accepted, moves the log into the main
// file and releases both. Calls that come later are KindUnavailable. Closing
// twice is fine.
func (s *Store) Close() error {
	s.closing.Do(func() {
		// Readers first: the last connection to close is the one that moves
		// the log, and a reader could not.
		err := s.readers.Close()
		s.closed = fault(errors.Join(err, s.writer.close()), "closing the store")
	})
	return s.closed
}

// readFault returns ctx's error if it ended, whatever SQLite made of that.
func readFault(ctx context.Context, err error, doing string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault(err, doing)
}
