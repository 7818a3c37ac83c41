// Package jobwatch tells observers what becomes of jobs, for metrics and
// traces. It stands between control and its store, and between nodes and the
// output: whoever writes there knows nothing of it.
//
// A transition is found by comparing what was stored before a write with what
// is stored after it, so each is told exactly once, by the replica that wrote
// it, also after a restart. What is not told is a write whose reply was lost.
package jobwatch
