package sample

import (
	"math"
	"testing"
	"time"
)

func upTo(n int) Series {
	var s Series
	for i := n; i > 0; i-- { // not sorted
		s = append(s, float64(i))
	}
	return s
}

func TestQuantiles(t *testing.T) {
	for _, c := range []struct {
		n    int
		q    float64
		want float64
	}{
		{1, 0, 1}, {1, 0.5, 1}, {1, 1, 1},
		{2, 0.5, 1}, {2, 0.51, 2}, {2, 1, 2},
		{3, 0.5, 2}, {4, 0.5, 2}, {4, 0.75, 3},
		{15, 0.5, 8}, {15, 0.95, 15}, {15, 0.99, 15},
		{20, 0.95, 19}, {50, 0.5, 25}, {50, 0.95, 48}, {50, 0.99, 50},
		{100, 0.99, 99}, {100, 0, 1}, {100, 1, 100}, {1000, 0.99, 990},
	} {
		if got := upTo(c.n).At(c.q); got != c.want {
			t.Errorf("quantile %v of 1…%d is %v, want %v", c.q, c.n, got, c.want)
		}
	}
	if got := (Series{}).At(0.5); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}

// TestOrderStays: asking for a quantile does not sort what was measured.
func TestOrderStays(t *testing.T) {
	s := Series{3, 1, 2}
	if s.Summary(); s[0] != 3 || s[1] != 1 || s[2] != 2 {
		t.Errorf("the series became %v", s)
	}
}

func TestSummary(t *testing.T) {
	if got, want := upTo(200).Summary(), (Summary{200, 100, 190, 198, 200}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := (Series)(nil).Summary(); got != (Summary{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestAdd(t *testing.T) {
	var s Series
	s.Add(1500 * time.Microsecond)
	if len(s) != 1 || s[0] != 1.5 {
		t.Errorf("1.5 ms became %v", s)
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		a, b, want float64
		ok         bool
	}{
		{1, 2, 0.5, true}, {0, 2, 0, true}, {1, 0, 0, false}, {1, -1, 0, false},
		{math.NaN(), 1, 0, false}, {1, math.NaN(), 0, false}, {math.Inf(1), 1, 0, false}, {1, math.Inf(1), 0, false},
	} {
		if got, ok := Ratio(c.a, c.b); got != c.want || ok != c.ok {
			t.Errorf("ratio of %v to %v is %v, %v", c.a, c.b, got, ok)
		}
	}
}
