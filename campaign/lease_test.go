package campaign

import (
	"testing"
	"testing/synctest"
	"time"

	"glovebox/fault"
)

// TestLeases: of two replicas that both sweep, only the one with the lease
// drives a job, also while that takes long: here sandboxes cannot be destroyed
// at first, and images take their time.
func TestLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, plan{controls: 2, nodes: []int{0, 1}, calm: true, faults: func(c fault.Call) fault.Fate {
			if c.Name == "runtime.Destroy" && c.Of < 14 {
				return fault.Fails
			}
			return fault.Works
		}})
		defer w.end()
		w.ready()
		asks := []ask{
			{name: "echo", spec: job("here", "echo", "hi")},
			{name: "fetched", spec: job("far", "exit", "7"), via: 1},
			{name: "slow", spec: job("here", "sleep", "20"), via: 1},
			{name: "late", spec: job("here", "err", "late"), at: 2 * time.Second},
		}
		c := w.play(bound, asks)
		w.settled(5*time.Minute, c, asks, nil)
	})
}
