package warm_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"glovebox/warm"
)

func TestDemand(t *testing.T) {
	tests := map[string]struct {
		arrive func(d *warm.Demand) time.Time // and when it is asked
		least  int
		most   int
	}{
		"never":       {func(*warm.Demand) time.Time { return start }, 0, 0},
		"one":         {func(d *warm.Demand) time.Time { d.Arrive(start); return start }, 1, 1},
		"burst of 20": {func(d *warm.Demand) time.Time { return arrivals(d, start, 20, 0) }, 20, 21},
		"burst over a step's border": {func(d *warm.Demand) time.Time {
			return arrivals(d, start.Add(450*time.Millisecond), 20, 5*time.Millisecond)
		}, 20, 21},
		"5 a second for five minutes":  {func(d *warm.Demand) time.Time { return arrivals(d, start, 1500, 200*time.Millisecond) }, 14, 16},
		"a burst is kept nine minutes": {func(d *warm.Demand) time.Time { return arrivals(d, start, 20, 0).Add(9 * time.Minute) }, 20, 20},
		"and forgotten after eleven":   {func(d *warm.Demand) time.Time { return arrivals(d, start, 20, 0).Add(11 * time.Minute) }, 0, 0},
		"or after days":                {func(d *warm.Demand) time.Time { return arrivals(d, start, 20, 0).Add(300 * time.Hour) }, 0, 0},
		"one a minute":                 {func(d *warm.Demand) time.Time { return arrivals(d, start, 60, time.Minute) }, 1, 1},
		"a clock that goes back":       {func(d *warm.Demand) time.Time { return arrivals(d, start, 20, 0).Add(-time.Hour) }, 20, 21},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var d warm.Demand
			if got := d.Want(tt.arrive(&d)); got < tt.least || got > tt.most {
				t.Errorf("wants %d, not %d to %d", got, tt.least, tt.most)
			}
		})
	}
}

// arrivals has n come, one after each gap, and returns when the last one did.
func arrivals(d *warm.Demand, at time.Time, n int, gap time.Duration) time.Time {
	for i := range n {
		if i > 0 {
			at = at.Add(gap)
		}
		d.Arrive(at)
	}
	return at
}

func TestRate(t *testing.T) {
	var d warm.Demand
	end := arrivals(&d, start, 3000, 200*time.Millisecond)
	if r := d.Rate(end); r < 4.8 || r > 5.2 {
		t.Errorf("%.2f a second, and 5 came", r)
	}
	if r := d.Rate(end.Add(10 * time.Minute)); r > 0.01 {
		t.Errorf("%.2f a second after ten quiet minutes", r)
	}
}

// TestQuietFalls: without arrivals, what is wanted never rises, and in the end
// is nothing.
func TestQuietFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d warm.Demand
		at := start
		for range rapid.IntRange(0, 100).Draw(t, "arrivals") {
			at = at.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "gap")) * time.Millisecond)
			d.Arrive(at)
		}
		before := d.Want(at)
		for range 20 {
			at = at.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "quiet")) * time.Second)
			now := d.Want(at)
			if now > before {
				t.Fatalf("wants %d after %d, and nobody came", now, before)
			}
			before = now
		}
		if last := d.Want(at.Add(20 * time.Minute)); last != 0 {
			t.Fatalf("wants %d in the end", last)
		}
	})
}
