// Package local is the provider whose sandboxes are made by agents: on this
// machine, or on any that calls in. It keeps two lists a node, what the node
// should have and what it says it has, and speaks the agent protocol of
// internal/nodev1.
//
// Everything is level-triggered. Make and Remove only change the first list; a
// node that calls Sync is told the list, does what it takes, and calls again
// with what it then has. Nothing here is durable: after a restart the
// orchestrator repeats Make for every job that is not archived, then opens the
// provider, and until then no node gets an answer, because an answer that lacks
// a job would destroy its sandbox.
package local
