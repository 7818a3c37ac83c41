package launch_test

import (
	"fmt"
	"sync"
	"testing"

	"glovebox/shim/ticket"
)

// Many launches at one time do not get into each other's way, and each sandbox
// is in its own control groups with all of its threads.
func TestParallelLaunches(t *testing.T) {
	image := pauseImage(t)
	for _, n := range []int{4, 8} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			all, errs := make([]*sentry, n), make([]error, n)
			var group sync.WaitGroup
			for i := range n {
				group.Go(func() { all[i], errs[i] = boot(t, image, func(*ticket.Ticket) {}) })
			}
			group.Wait()
			for i, s := range all {
				if errs[i] != nil {
					t.Error(errs[i])
				} else if got := observe(t, s); got["CapEff"] != "000000000008001f" || got["Seccomp"] != "2" {
					t.Errorf("sandbox %d: %v", i, got)
				}
			}
			for _, s := range all {
				group.Go(func() { s.end(t) })
			}
			group.Wait()
		})
	}
}
