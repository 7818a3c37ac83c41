package sandbox

import (
	"fmt"
	"runtime"

	"glovebox/shim/cgroup"
)

// bootArgs tell the sentry the limits runsc would have read from the control
// group: the job sees this much memory and this many processors, and so do the
// programs that size themselves by them.
func bootArgs(l cgroup.Limits) []string {
	var args []string
	if l.Memory > 0 {
		args = append(args, fmt.Sprintf("--total-memory=%d", l.Memory))
	}
	if l.Quota > 0 {
		// Not below two, as runsc has it: with one processor some programs
		// leave out locks, and the sentry itself would run on one thread.
		n := (uint64(l.Quota) + l.Period - 1) / l.Period
		n = min(max(n, 2), uint64(runtime.NumCPU()))
		args = append(args, fmt.Sprintf("--cpu-num=%d", n))
	}
	return args
}
