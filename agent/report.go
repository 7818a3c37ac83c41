package agent

import (
	"cmp"
	"runtime"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox"
	"glovebox/internal/nodev1"
)

// request builds the node's whole state. A sandbox that it leaves out does not
// exist, so it is built from the same map that sandboxes are removed from last.
func (a *Agent) request() *nodev1.SyncRequest {
	pools := a.pool.status()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sequence++
	req := &nodev1.SyncRequest{
		Node: a.cfg.Node, Boot: a.cfg.Boot, Run: a.run, KnownRevision: a.known, Sequence: a.sequence,
		Capacity: &nodev1.Capacity{Sandboxes: a.cfg.Capacity.Sandboxes, Memory: a.offered(),
			Cpus: float64(runtime.NumCPU())},
		Pools: pools, Snapshots: a.saves.status(),
		Info: &nodev1.NodeInfo{Version: a.cfg.Info.Version, Kernel: a.cfg.Info.Kernel,
			Platform: a.cfg.Info.Platform, Runtimes: a.cfg.Info.Runtimes, RuntimeVersions: a.cfg.Info.RuntimeVersions},
	}
	for _, s := range a.sandboxes {
		req.Have = append(req.Have, s.snapshot())
	}
	for _, r := range a.refused {
		req.Have = append(req.Have, r)
	}
	slices.SortFunc(req.Have, func(x, y *nodev1.Sandbox) int {
		return cmp.Or(cmp.Compare(x.GetJob(), y.GetJob()), cmp.Compare(x.GetAttempt(), y.GetAttempt()))
	})
	return req
}

// offered is the memory that jobs may have: all but the pool's.
func (a *Agent) offered() int64 {
	if a.pool.parker == nil {
		return a.cfg.Capacity.Memory
	}
	return max(0, a.cfg.Capacity.Memory-a.cfg.Pool.Memory)
}

// faultOf is err as it is reported.
func faultOf(err error) *nodev1.Fault {
	e := glovebox.AsError(err)
	return &nodev1.Fault{Kind: string(e.Kind), Field: e.Field, Message: e.Message, Hint: e.Hint}
}

// neverRan is the end of an attempt whose command was not started.
func neverRan(err error) *nodev1.Exit {
	return &nodev1.Exit{Fault: faultOf(err), Ended: timestamppb.New(time.Now())}
}

// lost is the end of an attempt that nobody saw.
func lost(err error) *nodev1.Exit {
	e := neverRan(err)
	e.Started = true
	return e
}

// ran is the end that the runtime saw.
func ran(x glovebox.Exit) *nodev1.Exit {
	e := &nodev1.Exit{
		Code: int32(x.Code), Signal: int32(x.Signal), Started: true,
		Ended: timestamppb.New(time.Now()), MemoryPeak: x.Usage.MemoryPeak,
		CpuTime: durationpb.New(time.Duration(x.Usage.CPUTime)),
	}
	if !x.Ended.IsZero() {
		e.Ended = timestamppb.New(x.Ended)
	}
	return e
}

func residueOf(left []glovebox.Residue) []*nodev1.Residue {
	var out []*nodev1.Residue
	for _, r := range left {
		out = append(out, &nodev1.Residue{Kind: r.Kind, Name: r.Name})
	}
	return out
}
