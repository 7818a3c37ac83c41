package main

import (
	"testing"
	"time"

	"glovebox"
)

// TestKeepFor: durations, days and "forever" are taken and written back; what is
// none of these is refused.
func TestKeepFor(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "7d": 7 * 24 * time.Hour, "0d": 0, "forever": glovebox.MaxRetention, "36500d": glovebox.MaxRetention,
		"d": -1, "-1d": -1, "36501d": -1, "1.5d": -1, "week": -1, "": -1,
	} {
		var k keepFor
		err := k.Set(text)
		if want < 0 {
			if glovebox.KindOf(err) != glovebox.KindUsage {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err != nil || time.Duration(k) != want {
			t.Errorf("%q: %s %v", text, time.Duration(k), err)
		}
		var again keepFor
		if s := k.String(); s != "" && (again.Set(s) != nil || again != k) {
			t.Errorf("%q is written as %q", text, s)
		}
	}
}
