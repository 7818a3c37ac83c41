package bootcmd

import (
	"runtime/debug"
	"time"
)

// BootEnv is the environment for gofer and sentry: while they start they
// allocate much and free nothing, so collecting garbage is wasted.
var BootEnv = []string{"GOGC=400"}

// settleAfter is when starting is over for sure.
const settleAfter = 3 * time.Second

// settleGC goes back to the normal collector, because from then on memory
// counts: it is taken from the job's limit.
func settleGC() {
	time.AfterFunc(settleAfter, func() { debug.SetGCPercent(100) })
}
