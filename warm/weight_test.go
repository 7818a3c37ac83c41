package warm_test

import (
	"testing"

	"glovebox/warm"
)

// TestWeights: what takes more counts for more, gets no more than there is room
// for, and makes room for itself.
func TestWeights(t *testing.T) {
	n := &node{limits: warm.Limits{Memory: 160, Each: 16, Refills: 1}}
	n.view = warm.View{Now: start, Pools: []warm.Pool{{Template: "a", Ceiling: 10, Want: 10}}}
	settle := func() {
		for range 40 {
			n.begin(n.limits.Decide(n.view))
			n.finish()
			if total := n.has("a") + 4*n.has("big"); total > 10 {
				t.Fatalf("%d of a and %d of four times the size", n.has("a"), n.has("big"))
			}
		}
	}
	settle()
	if n.has("a") != 10 {
		t.Fatalf("%d of a", n.has("a"))
	}
	n.view.Pools = append(n.view.Pools, warm.Pool{Template: "big", Floor: 1, Ceiling: 4, Want: 4, Weight: 4})
	settle()
	if a, big := n.has("a"), n.has("big"); a != 2 || big != 2 { // dealt out one by one
		t.Errorf("%d of a and %d of big, targets %v", a, big, n.limits.Targets(n.view.Pools))
	}
	n.view.Pools = []warm.Pool{{Template: "huge", Floor: 1, Ceiling: 1, Want: 1, Weight: 11}}
	n.view.Slots = nil
	settle()
	if n.has("huge") != 0 {
		t.Error("one was parked that is larger than all there is")
	}
}
