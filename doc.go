// Package glovebox is the domain of a zero-trust execution environment: a job
// (container image, command, limits, policy) is handed over by a principal and
// runs as hostile code in a single-use sandbox; its output is kept, everything
// made for it is destroyed.
//
// The package holds the nouns and the interfaces that adapters implement, and
// imports nothing but the standard library. A job flows through the tree like
// this:
//
//	api           POST /v1/jobs: checks the request, builds a Job
//	orchestrator  resolves the image, finds a node, writes the Job (202)
//	engine        decides: (job, event, now) → (job, actions); pure
//	provider      carries actions to where sandboxes are made
//	agent         on the node: makes, watches and destroys the sandbox
//	runtime       containerd and gVisor (or runc) do the running
//	output        what the sandbox wrote, by offset, while and after it runs
//	api           streams it back
//
// Nouns live here, decisions in engine, effects in adapters; cmd/glovebox ties
// the knots. A test in internal/layers holds the direction of imports.
package glovebox
