package doctor

import (
	"context"
	"strings"
)

// startup advises about what makes sandboxes start slowly. Nothing is wrong
// with a machine where it is not followed, and it is never set by us: it is the
// whole machine's.
func startup(_ context.Context, p Patient) Finding {
	text, err := p.read("/sys/kernel/rcu_expedited")
	switch {
	case err != nil:
		return ok("no advice: this kernel has no rcu_expedited")
	case strings.TrimSpace(text) != "0":
		return ok("rcu_expedited is on")
	}
	return ok("rcu_expedited is off").try("on a machine that does nothing else, /sys/kernel/rcu_expedited=1 makes cold starts quicker: " +
		"a bare `runsc run` took 79 ms instead of 157 (median of 30 and more, 2 cores, Linux 6.18); it costs interrupts on all cores")
}
