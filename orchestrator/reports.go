package orchestrator

import (
	"glovebox"
	"glovebox/engine"
)

// Report takes what a provider tells of an attempt. It only queues: what is
// queued is tried until it is stored, and lost with the process, after which
// nodes tell everything again.
func (o *Orchestrator) Report(r glovebox.Report) {
	switch {
	case r.Exit != nil:
		o.tell(r.Job, engine.Exited{Attempt: r.Attempt, Result: r.Exit.Result, Fault: r.Exit.Fault,
			Stdout: r.Exit.Stdout, Stderr: r.Exit.Stderr, Events: r.Exit.Events, Truncated: r.Exit.Truncated,
			Artifacts: r.Exit.Artifacts, Host: r.Host})
	case r.Resource != nil:
		o.tell(r.Job, engine.Observed{Resource: *r.Resource})
	case !r.Started.IsZero():
		o.tell(r.Job, engine.Started{Attempt: r.Attempt, At: r.Started, Host: r.Host})
	case len(r.Findings) > 0:
		o.tell(r.Job, engine.Found{Attempt: r.Attempt, Findings: r.Findings})
	case r.Shipped:
		o.queue.add(r.Job)
	}
}

// NodeSeen takes a node's description of itself.
func (o *Orchestrator) NodeSeen(n glovebox.Node) { o.kick(o.fleet.seen(n, o.Now())) }
