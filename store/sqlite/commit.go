package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"glovebox"
)

// committer runs batches of writes on the writing connection.
type committer struct {
	conn  *sql.Conn
	stmts *statements
	lazy  bool  // commits are not synced at the moment
	dead  error // set once the disk has failed; nothing is written any more
}

func openCommitter(ctx context.Context, db *sql.DB) (*committer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if mode != "wal" {
		return nil, errors.Join(glovebox.Errorf(glovebox.KindUnavailable, "the file system cannot hold the store's log").
			Try("use a local disk"), conn.Close())
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = FULL"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := migrate(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	stmts, err := prepare(ctx, conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &committer{conn: conn, stmts: stmts}, nil
}

func (c *committer) close() error { return errors.Join(c.stmts.close(), c.conn.Close()) }

// commit runs a batch in one transaction and answers every write in it.
func (c *committer) commit(batch []*write) {
	answers := make([]error, len(batch))
	if err := c.transact(batch, answers); err != nil {
		err = fault(err, "writing to the store")
		for i := range answers {
			answers[i] = err
		}
	}
	for i, w := range batch {
		w.done <- answers[i]
	}
}

// transact returns an error if the batch as a whole came to nothing; how the
// single writes fared is in answers.
func (c *committer) transact(batch []*write, answers []error) error {
	if c.dead != nil {
		return c.dead
	}
	if err := c.setSync(batch); err != nil {
		return err
	}
	if err := c.stmts.exec(c.stmts.begin); err != nil {
		return err
	}
	for i, w := range batch {
		var err error
		if answers[i], err = c.runOne(w); err != nil {
			c.undo()
			return err
		}
	}
	if err := c.stmts.exec(c.stmts.commit); err != nil {
		c.giveUp(err)
		c.undo()
		return err
	}
	return nil
}

// runOne runs a write in its savepoint. The first result is the write's own
// answer; the second means that the transaction cannot go on.
func (c *committer) runOne(w *write) (answer, broken error) {
	if err := w.ctx.Err(); err != nil {
		return err, nil
	}
	if err := c.stmts.exec(c.stmts.savepoint); err != nil {
		return nil, err
	}
	if answer = w.run(c.stmts); answer != nil {
		answer = fault(answer, "writing to the store")
		// This fails if SQLite has rolled everything back of its own accord,
		// as it does on a full disk.
		if err := c.stmts.exec(c.stmts.rollbackTo); err != nil {
			return nil, answer
		}
	}
	return answer, c.stmts.exec(c.stmts.release)
}

// undo ends a transaction that failed. SQLite may have done it already, and
// then says that there is none: not worth telling.
func (c *committer) undo() { _ = c.stmts.exec(c.stmts.rollback) }

// setSync makes the commit of a batch wait for the disk if any write in it
// asks for that. NORMAL, not OFF: the log is then still synced before it is
// moved into the main file, so a power cut loses the last Lazy writes and
// nothing else.
func (c *committer) setSync(batch []*write) error {
	lazy := true
	for _, w := range batch {
		lazy = lazy && w.durability == glovebox.Lazy
	}
	if lazy == c.lazy {
		return nil
	}
	level := "FULL"
	if lazy {
		level = "NORMAL"
	}
	if _, err := c.conn.ExecContext(context.Background(), "PRAGMA synchronous = "+level); err != nil {
		return err
	}
	c.lazy = lazy
	return nil
}

// giveUp stops all writing after a failed sync. The kernel reports a failed
// write-back once and then takes the pages for clean: a later sync would
// succeed over a hole, and recovery would end the log there.
func (c *committer) giveUp(err error) {
	if isIOError(err) {
		c.dead = fmt.Errorf("the disk has failed before: %w", err)
	}
}
