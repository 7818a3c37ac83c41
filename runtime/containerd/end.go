package containerd

import (
	"time"

	"glovebox"
)

// end puts together how a sandbox ended, while its control group is still
// there to be read.
func (r *Runtime) end(rec record, how ended, limits *limits) glovebox.Exit {
	exit := glovebox.Exit{Code: int(how.Status), Ended: how.At.AsTime()}
	if word, ok := r.marked(rec.ID, startedFile); ok {
		exit.Started, _ = time.Parse(time.RFC3339Nano, word)
	}
	if exit.Ended.Before(exit.Started) {
		exit.Ended = time.Now()
	}
	// The runtimes tell of signals as shells do, so a command that exits with
	// 128+n of its own accord looks the same.
	const signalled, maxSignal = 128, 64
	if n := exit.Code - signalled; n > 0 && n <= maxSignal {
		exit.Signal = n
	}
	exit.Limit = limits.final()
	if c, ok := r.group(rec.Container).Counters(); ok {
		exit.Usage = glovebox.Usage{MemoryPeak: c.MemoryPeak, CPUTime: glovebox.Duration(c.CPU)}
	} else if told, ok := r.report(rec); ok {
		exit.Usage = glovebox.Usage{MemoryPeak: told.MemoryPeakBytes, CPUTime: glovebox.Duration(told.CPUNanos)}
	}
	return exit
}
