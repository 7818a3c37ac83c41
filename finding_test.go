package glovebox

import (
	"reflect"
	"testing"
	"time"
)

// TestMergeFindings: there is one finding of each rule, which never becomes
// less, whatever comes in which order, and nothing that does not exist.
func TestMergeFindings(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0).UTC() }
	low := Finding{Rule: "port_scan", Severity: SeverityLow, Score: 0.5, Count: 9, First: at(10), Last: at(20), Evidence: []string{"low"}}
	high := Finding{Rule: "port_scan", Severity: SeverityHigh, Score: 0.9, Count: 3, First: at(15), Last: at(30), Evidence: []string{"high"}}
	other := Finding{Rule: FindingDrift, Severity: SeverityLow, Score: 0.3, Count: 1, First: at(1), Last: at(1)}
	want := Finding{Rule: "port_scan", Severity: SeverityHigh, Score: 0.9, Count: 9, First: at(10), Last: at(30), Evidence: []string{"high"}}
	for _, order := range [][]Finding{{low, high, other}, {high, low, other, low}} {
		var all []Finding
		for _, f := range order {
			before := len(all)
			had := append([]Finding(nil), all...)
			next := MergeFindings(all, []Finding{f, {Rule: "unknown", Severity: SeverityHigh}, {Rule: "dns_burst", Severity: "dire"}})
			if !reflect.DeepEqual(all[:before], had[:before]) {
				t.Errorf("the input was changed: %+v", all)
			}
			all = next
		}
		if !reflect.DeepEqual(all, []Finding{want, other}) {
			t.Errorf("%+v", all)
		}
	}
}

func TestWatchPolicy(t *testing.T) {
	for _, c := range []struct {
		w    WatchPolicy
		f    Finding
		ends bool
	}{
		{WatchPolicy{}, Finding{Severity: SeverityHigh, Score: 1}, false},
		{WatchPolicy{Kill: WatchNever}, Finding{Severity: SeverityHigh, Score: 1}, false},
		{WatchPolicy{Kill: SeverityMedium}, Finding{Severity: SeverityLow, Score: 0.5}, false},
		{WatchPolicy{Kill: SeverityMedium}, Finding{Severity: SeverityMedium, Score: 0.6}, true},
		{WatchPolicy{Kill: SeverityMedium}, Finding{Severity: SeverityHigh, Score: 0.9}, true},
		{WatchPolicy{Drift: 0.3}, Finding{Rule: "port_scan", Severity: SeverityHigh, Score: 0.9}, false},
		{WatchPolicy{Drift: 0.3}, Finding{Rule: FindingDrift, Severity: SeverityLow, Score: 0.29}, false},
		{WatchPolicy{Drift: 0.3, Kill: WatchNever}, Finding{Rule: FindingDrift, Severity: SeverityLow, Score: 0.3}, true},
	} {
		if c.w.Ends(c.f) != c.ends {
			t.Errorf("%+v ends at %+v: %v", c.w, c.f, !c.ends)
		}
	}
	if got := (WatchPolicy{Kill: "low"}).Or(WatchPolicy{Kill: "high", Drift: 0.5}); got != (WatchPolicy{Kill: "low", Drift: 0.5}) {
		t.Errorf("%+v", got)
	}
}
