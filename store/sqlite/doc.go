// Package sqlite is the embedded glovebox.Store: one SQLite file in WAL mode.
//
// Writes go through one goroutine on one connection. Those that wait are run
// together in one transaction, each in a savepoint of its own so that one that
// is refused leaves the others alone; one commit, and so one sync of the disk,
// then answers all of them. The more writers, the fewer syncs for each:
//
//	CreateJob ─┐            ┌─ savepoint ─┐
//	UpdateJob ─┼─▶ queue ─▶ ├─ savepoint ─┼─▶ commit, sync ─▶ answers
//	Commit   ──┘            └─ savepoint ─┘
//
// A transaction of nothing but Lazy writes is committed without the sync.
// Readers have connections of their own, which can only read, and neither wait
// for the writer nor hold it up.
//
// A job is one JSON document in a row whose other columns are there to be
// searched. Every list reads an index from the place where its page begins, so
// its cost is the size of the page and not of the table.
package sqlite
