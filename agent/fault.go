package agent

import (
	"time"

	"glovebox"
)

// limitFault says which limit ended a command, in words for the job's owner.
func limitFault(k glovebox.Kind, w work) *glovebox.Error {
	l := w.spec.Limits
	switch k {
	case glovebox.KindTimeout:
		return glovebox.Errorf(k, "the command ran longer than its time-out of %s", w.timeout).On("timeout").
			Try("raise timeout (now %s, at most %s)", w.timeout, glovebox.MaxTimeout)
	case glovebox.KindOutOfMemory:
		return glovebox.Errorf(k, "the command used more than its %d bytes of memory", l.Memory).On("limits.memory").
			Try("raise limits.memory (now %d bytes)", l.Memory)
	case glovebox.KindPids:
		return glovebox.Errorf(k, "the command had more than its %d processes and threads", l.Pids).On("limits.pids").
			Try("raise limits.pids (now %d)", l.Pids)
	case glovebox.KindDisk:
		return glovebox.Errorf(k, "the command used up its scratch space of %d bytes and %d files", l.Disk, l.Inodes).On("limits.disk").
			Try("raise limits.disk (now %d bytes) or limits.inodes (now %d)", l.Disk, l.Inodes)
	case glovebox.KindOutput:
		return glovebox.Errorf(k, "the command wrote more than its %d bytes of output", l.Output).On("limits.output").
			Try("write less, or raise limits.output (now %d bytes)", l.Output)
	}
	return glovebox.Errorf(k, "the sandbox ended the command: %s", k.Info().Title)
}

func nodeLost(why string) *glovebox.Error {
	return glovebox.Errorf(glovebox.KindNodeLost, "%s", why).Try("submit the job again if it is safe to run twice")
}

func stoppedBeforeStart() *glovebox.Error {
	return glovebox.Errorf(glovebox.KindCancelled, "stopped before the command was started")
}

// inTime says whether a command that was being ended for its time-out had in
// truth ended before.
func inTime(x glovebox.Exit, deadline time.Time) bool {
	return !x.Ended.IsZero() && x.Ended.Before(deadline)
}
