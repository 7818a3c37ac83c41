package report

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"glovebox/e2e/bench/contest"
	"glovebox/e2e/bench/sample"
)

func TestGoals(t *testing.T) {
	for _, c := range []struct {
		g    Goal
		v    float64
		want bool
	}{
		{Goal{Bound: 0.5}, 0.5, true}, {Goal{Bound: 0.5}, 0.51, false}, {Goal{Bound: 2.5, Least: true}, 2.5, true},
		{Goal{Bound: 2.5, Least: true}, 2.4, false}, {Goal{}, 0, true}, {Goal{}, 1, false},
	} {
		if c.g.Met(c.v) != c.want {
			t.Errorf("%+v and %v: %v", c.g, c.v, !c.want)
		}
	}
	seen := map[string]bool{}
	for _, g := range Goals {
		if seen[g.Key] || g.What == "" || g.Unit == "" {
			t.Errorf("%+v", g)
		}
		seen[g.Key] = true
	}
}

// TestEveryFigure: a figure is there or has a reason, never both and never
// neither.
func TestEveryFigure(t *testing.T) {
	r := New()
	r.Ratio("cold_ratio", 3, 2, "")
	r.Ratio("submit_ratio", math.NaN(), 2, "no pool yet")
	r.Ratio("bound_ratio", 1, 0, "")
	r.Set("teardown_ms", math.Inf(1))
	r.Skip("cold_ratio", "it is there")
	r.Finish("the run ended before")
	data, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	skipped := got["skipped"].(map[string]any)
	for _, g := range Goals {
		_, there := got[g.Key]
		why, missing := skipped[g.Key]
		if there == missing || missing && why == "" {
			t.Errorf("%s: %v, %v", g.Key, got[g.Key], why)
		}
	}
	if got["cold_ratio"] != 1.5 || skipped["submit_ratio"] != "no pool yet" {
		t.Errorf("%s", data)
	}
}

func TestPage(t *testing.T) {
	r := New()
	r.Quick, r.Rounds, r.Versions = true, 15, []string{"runc 1"}
	r.Set("cold_ratio", 0.9)
	r.Set("parked_mb", 17)
	r.Set("filter_mbit_s", 54230)
	r.Set("claim_network_extra_ms", -0.25)
	r.Skip("submit_ratio", "no | pool\nyet")
	r.Series = []Line{
		{Key: "runc_busybox", What: "runc", Command: "runc run", First: sample.Summary{N: 15, P50: 9.994, P95: 12.34, P99: 1234.5}},
		{Key: "crun_busybox", What: "crun", Skipped: "there is none"},
	}
	r.Loops = []Loop{{What: "runc", Loop: contest.Loop{Lanes: 2, Seconds: 8, Jobs: 80, Rate: 10, CPU: 26}}, {What: "ours", Skipped: "no pool yet"}}
	r.Loads = []Load{{Key: "cold", Rate: 5, Misses: sample.Summary{N: 20, P50: 100, P95: 110, P99: 120}}}
	r.Finish("the run ended before")
	page := r.Page("bench-latency.svg")
	for _, want := range []string{
		"quick run", "15 rounds", "| ≤ 1.1 × | 0.9 × | met |", "| ≤ 16 MB | 17 MB | **not met** |",
		"| ≥ 100 Mbit/s | 54230 Mbit/s | met |", "| ≤ 3 ms | -0.25 ms | met |", "skipped: no / pool yet |",
		"| runc | 15 | 9.99 | 12.3 | 1234 |", "| crun | 0 | skipped: there is none |", "| runc | 2 | 8 | 80 | 0 | 10.0 | 26.0 |",
		"| ours | skipped: no pool yet |", "| cold | 5 | 0 | – | – | – | 20 | 100 | 110 | 120 | 0 |", "](bench-latency.svg)", "`runc run`",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	columns := map[string]int{}
	section := ""
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "## ") {
			section = line
		}
		if strings.HasPrefix(line, "|") {
			n := strings.Count(line, "|")
			if want, ok := columns[section]; ok && n != want {
				t.Errorf("%d columns in %q, not %d", n, line, want)
			}
			columns[section] = n
		}
	}
}
