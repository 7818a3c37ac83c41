package bootcmd

import (
	"runtime/debug"
	"time"

	"gvisor.dev/gvisor/pkg/fd"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
)

// BootEnv is the sentry's environment: while it starts it allocates much and
// frees nothing, so collecting garbage is wasted; and so is Go's sampling of
// who allocates, which nobody reads.
var BootEnv = []string{"GOGC=400", "GODEBUG=memprofilerate=0"}

// settleAfter is when a job's start is over for sure.
const settleAfter = 3 * time.Second

// settleGC goes back to the normal collector some time after a job is bound to
// the sandbox, because from then on memory counts: it is taken from the job's
// limit. A sandbox is bound by a trace session, and the time counts from there:
// counted from boot it would be over for a sandbox that was parked, and the
// first thing it did for its job would be to collect garbage.
func settleGC(after time.Duration) {
	for name, sink := range seccheck.Sinks {
		stock := sink.New
		sink.New = func(config map[string]any, endpoint *fd.FD) (seccheck.Sink, error) {
			time.AfterFunc(after, func() { debug.SetGCPercent(100) })
			return stock(config, endpoint)
		}
		seccheck.Sinks[name] = sink
	}
}
