package local

import (
	"slices"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"

	"google.golang.org/protobuf/proto"
)

// maxFaultText bounds what a node may say about a fault: it ends up in the job.
const maxFaultText = 1024

// news turns what a node says of an ordered sandbox into a report, or nil if
// nothing in it is new. A start is news once, an end whenever it differs.
func (o *order) news(s *nodev1.Sandbox, now time.Time) *glovebox.Report {
	r := &glovebox.Report{Job: o.job, Attempt: o.attempt}
	switch s.GetPhase() {
	case nodev1.Phase_PHASE_RUNNING:
		if o.last != nil {
			return nil
		}
		r.Started = now // the node's clock may be wrong, or unset
		if at := s.GetStarted(); at != nil && at.AsTime().Before(now) {
			r.Started = at.AsTime()
		}
	case nodev1.Phase_PHASE_EXITED:
		if o.exited() && proto.Equal(o.last, s) {
			return nil
		}
		r.Exit = exit(s)
		r.Exit.Artifacts = o.artifacts(s)
	default:
		return nil
	}
	o.last, o.began = s, true
	return r
}

// vanished says whether a sandbox that its node does not name was there, or may
// have been, so that ordering it again could run the command twice.
func (o *order) vanished(boot string) bool {
	return !o.lost && (o.began || o.boot != "" && o.boot != boot)
}

// loss reports a sandbox that has vanished with all that was known of it.
func (o *order) loss() glovebox.Report {
	return glovebox.Report{Job: o.job, Attempt: o.attempt, Exit: &glovebox.NodeExit{
		Fault: glovebox.Errorf(glovebox.KindNodeLost, "the node does not have the sandbox any more").
			Try("submit it again if running it twice does no harm"),
		Stdout: o.last.GetStdout(), Stderr: o.last.GetStderr(), Events: o.last.GetEvents()}}
}

func exit(s *nodev1.Sandbox) *glovebox.NodeExit {
	e := s.GetExit()
	x := &glovebox.NodeExit{Stdout: s.GetStdout(), Stderr: s.GetStderr(), Events: s.GetEvents(), Truncated: s.GetTruncated(), Fault: fault(e.GetFault())}
	if !e.GetStarted() || glovebox.Kind(e.GetFault().GetKind()) == glovebox.KindNodeLost { // nobody saw how it ended
		return x
	}
	x.Result = &glovebox.Result{
		ExitCode: int(e.GetCode()), Signal: int(e.GetSignal()),
		Usage:       glovebox.Usage{MemoryPeak: e.GetMemoryPeak(), CPUTime: glovebox.Duration(e.GetCpuTime().AsDuration())},
		StartedFrom: startedFrom(s.GetStartedFrom()),
	}
	if x.Result.StartedFrom == glovebox.FromPool {
		x.Result.Template = name(s.GetTemplate())
	}
	if s.GetStarted() != nil && e.GetEnded() != nil {
		x.Result.Duration = glovebox.Duration(max(0, e.GetEnded().AsTime().Sub(s.GetStarted().AsTime())))
	}
	return x
}

// fault takes over a node's words, but only kinds that exist.
func fault(f *nodev1.Fault) *glovebox.Error {
	if f == nil {
		return nil
	}
	kind := glovebox.Kind(f.GetKind())
	if !slices.Contains(glovebox.Kinds(), kind) {
		kind = glovebox.KindInternal
	}
	return &glovebox.Error{Kind: kind, Field: clip(f.GetField()), Message: clip(f.GetMessage()), Hint: clip(f.GetHint())}
}

func clip(s string) string { return s[:min(len(s), maxFaultText)] }
