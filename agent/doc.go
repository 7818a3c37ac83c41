// Package agent is the daemon on a node that makes, watches and destroys
// sandboxes. It runs as root, listens to nobody and holds no tenant's data but
// output on its way to control.
//
// It is level-triggered: one call, Sync, says what the node has and brings back
// what it should have; the two lists are compared and the difference is worked
// off by one goroutine for each sandbox:
//
//	             ┌────────── order vanished ──────────┐
//	order ─▶ preparing ─▶ running ─▶ exited ─▶ destroying ─▶ not named any more
//	             └── stopped, or cannot start ──▲
//
// The state of a sandbox is the function its goroutine is in. Only an answer
// of control destroys: an error, or silence, changes nothing.
//
// It is crash-only: there is no shutdown that a kill -9 would skip. All that a
// new agent needs is in one folder for each sandbox:
//
//	order          what was ordered; written first
//	stdin, stdout, stderr              FIFOs between sandbox and agent
//	stdout.spool, stderr.spool         output that control has not acknowledged
//	stdin.at       how much input was handed over
//	started        written before the command is started
//	collected      written when all that the command left is in spools of its own
//	exit           written before the end is reported
//
// (Folders are made ahead of time, under spare/, and renamed when needed.)
//
// Where the runtime can, it keeps sandboxes parked for jobs to come (pool*.go);
// how many, package warm decides. The step "slot" takes one if there is one for
// the job, and does not wait; else the job waits for its turn to start cold.
// Refills give way to cold starts. Nothing of the pool is on disk: a stop
// destroys it, and what a kill has left the next agent finds by its id and
// destroys.
//
// A sandbox without "started" is made anew, one with it and alive is adopted,
// one with it and not alive is lost, one with "exit" has ended.
package agent
