package fake

import (
	"context"

	"glovebox"
)

var _ glovebox.Watcher = (*Runtime)(nil)

// Watched implements glovebox.Watcher. The command "probe" is seen to probe.
func (r *Runtime) Watched(_ context.Context, id string) (glovebox.Observed, error) {
	b, err := r.find(id)
	if err != nil {
		return glovebox.Observed{}, err
	}
	if b.spec.Watch == glovebox.WatchOff || b.spec.Runtime != glovebox.RuntimeGVisor {
		return glovebox.Observed{}, glovebox.Errorf(glovebox.KindConflict, "sandbox %s is not watched", id)
	}
	b.mu.Lock()
	began := b.started
	b.mu.Unlock()
	if began.IsZero() {
		return glovebox.Observed{}, nil
	}
	seen := func(x glovebox.Observation) glovebox.Observation {
		x.First, x.Last, x.Count = began, began, 1
		return x
	}
	o := glovebox.Observed{
		Forks: 1, ForkBurst: 1, TasksPeak: 1,
		Things: []glovebox.Observation{seen(glovebox.Observation{Kind: glovebox.ObserveExec, Path: "/bin/" + b.spec.Args[0], Arg0: b.spec.Args[0]})},
	}
	if b.spec.Args[0] == "probe" {
		o.Things = append(o.Things,
			seen(glovebox.Observation{Kind: glovebox.ObserveMetadata, Address: "169.254.169.254:80", Proto: "tcp", Result: "ENETUNREACH"}),
			seen(glovebox.Observation{Kind: glovebox.ObserveSocket, Proto: "raw", Result: "EPERM"}),
			seen(glovebox.Observation{Kind: glovebox.ObserveCall, Call: "mount", Detail: "tmpfs at /tmp", Result: "EPERM"}))
	}
	if b.spec.Watch == glovebox.WatchFull {
		o.Calls = map[string]uint64{"execve": 1, "write": 1, "exit_group": 1}
	}
	return o, nil
}
