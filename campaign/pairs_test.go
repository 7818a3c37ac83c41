package campaign

import (
	"fmt"
	"testing"

	"glovebox/fault"
)

// TestPairs has two calls of one run meet fates: pairs that are drawn from all
// there are, as many as GLOVEBOX_PAIRS says. It is made for the night. One pair
// is played with
//
//	GLOVEBOX_PAIRS=1 go test ./campaign -run 'TestPairs/pair=17$'
func TestPairs(t *testing.T) {
	n := uint64(number("GLOVEBOX_PAIRS", 0))
	if n == 0 {
		t.Skip("skipped: pairs of faults are played at night; set GLOVEBOX_PAIRS to how many")
	}
	calls, _ := crowd(t, 0, nil)
	all := points(calls)
	first := uint64(0)
	if one, ok := named("pair"); ok {
		first, n = one, 1
	}
	for pair := first; pair < first+n; pair++ {
		t.Run(fmt.Sprintf("pair=%d", pair), func(t *testing.T) {
			t.Parallel()
			dice := fault.Dice(pair, "pair")
			var plans []fault.Plan
			for range 2 {
				p, fate := all[dice.IntN(len(all))], fault.Fates()[dice.IntN(4)]
				if p.process == "client" {
					fate = fault.Loses
				}
				plans = append(plans, fault.Nth(p.process, p.name, p.nth, fate))
			}
			_, hits := crowd(t, 0, fault.Both(plans...))
			count("faults", len(hits))
			if t.Failed() {
				t.Logf("again: GLOVEBOX_PAIRS=1 go test ./campaign -run 'TestPairs/pair=%d$'", pair)
			}
		})
	}
}
