package main

import (
	"strings"
	"testing"

	"glovebox/e2e/bench/contest"
	"glovebox/e2e/bench/report"
	"glovebox/e2e/bench/sample"
)

// TestRatios: a ratio is that of the medians, and where there is none the
// reason is the contestant's.
func TestRatios(t *testing.T) {
	f := &field{r: report.New(), found: map[string]*contest.Series{
		"runc_busybox":        {First: sample.Series{10, 20, 30}},
		"submit_cold_busybox": {First: sample.Series{1, 5, 100}},
	}, all: []*contest.Contestant{
		{Key: "runc_busybox"}, {Key: "submit_cold_busybox"}, {Key: "submit_template_busybox", Skipped: "no pool yet"},
	}}
	f.ratio("cold_ratio", "submit_cold_busybox", "runc_busybox")
	f.ratio("submit_ratio", "submit_template_busybox", "runc_busybox")
	f.ratio("bound_ratio", "runc_busybox", "submit_template_busybox")
	f.ratio("python_ratio", "claim_warm_python", "runc_busybox")
	if f.r.Values["cold_ratio"] != 0.25 || len(f.r.Values) != 1 {
		t.Errorf("%v", f.r.Values)
	}
	for key, why := range map[string]string{"submit_ratio": "no pool yet", "bound_ratio": "no pool yet", "python_ratio": "there is no claim_warm_python"} {
		if f.r.Skipped[key] != why {
			t.Errorf("%s: %q", key, f.r.Skipped[key])
		}
	}
}

// TestPicture: hits and misses have lines of their own, of the first pool only.
func TestPicture(t *testing.T) {
	three := func(v float64) sample.Summary { return sample.Summary{N: 9, P50: v, P95: 2 * v, P99: 3 * v} }
	svg := picture([]report.Load{
		{Key: "template", Rate: 1, Hits: three(4)}, {Key: "template", Rate: 5, Hits: three(5), Misses: three(100)},
		{Key: "generic", Rate: 1, Hits: three(777)},
	})
	if n := strings.Count(svg, "<polyline"); n != 3 {
		t.Errorf("%d lines, want those of the hits", n)
	}
	if n := strings.Count(svg, "<circle"); n != 9 || strings.Contains(svg, "777") || !strings.Contains(svg, "miss p99: 300") {
		t.Errorf("%d points:\n%s", n, svg)
	}
}

// TestLengths: a quick run is not too short, and a long one as long as promised.
func TestLengths(t *testing.T) {
	quick, long := options{quick: true}.length(), options{}.length()
	if quick.rounds < 15 || long.rounds < 50 || long.loop.Seconds() != 60 || quick.loop.Seconds() != 8 {
		t.Errorf("%+v, %+v", quick, long)
	}
	if got := (options{quick: true, rounds: 7}).length().rounds; got != 7 {
		t.Errorf("%d rounds", got)
	}
}

func TestMetric(t *testing.T) {
	const text = "BenchmarkRestore/cached-2 \t 3\t 1 ns/op\t 165.5 restore-first-p50-ms\t 2 park-p50-ms\n"
	if v, ok := metric(text, restoreTime); v != 165.5 || !ok {
		t.Errorf("%v, %v", v, ok)
	}
	for _, wrong := range []string{"", restoreTime, "x " + restoreTime} {
		if v, ok := metric(wrong, restoreTime); ok {
			t.Errorf("%q: %v", wrong, v)
		}
	}
}

// TestLineOf: a part's figures are not those of another whose name begins alike.
func TestLineOf(t *testing.T) {
	const text = "goos: linux\n\nBenchmarkProcess/connections/rules=1-2 \t 10\t 5 ns/op\t 7 conns/s-core\n" +
		"BenchmarkProcess/connections/rules=500-2 \t 10\t 5 ns/op\t 8 conns/s-core\nBenchmarkProcess/bytes \t 9\t 6 Mbit/s-core\n"
	for part, want := range map[string]float64{"connections/rules=1": 7, "connections/rules=500": 8} {
		if v, ok := metric(lineOf(text, part), filterConns); v != want || !ok {
			t.Errorf("%s: %v, %v", part, v, ok)
		}
	}
	if v, ok := metric(lineOf(text, "bytes"), filterBytes); v != 6 || !ok {
		t.Errorf("bytes: %v, %v", v, ok)
	}
	if line := lineOf(text, "connections/rules=50"); line != "" {
		t.Errorf("%q", line)
	}
}

// TestMore: a difference of medians may be below nothing, and has a reason where
// there is none.
func TestMore(t *testing.T) {
	f := &field{r: report.New(), found: map[string]*contest.Series{
		"a": {First: sample.Series{10, 20, 30}}, "b": {First: sample.Series{21, 22, 23}},
	}, all: []*contest.Contestant{{Key: "a"}, {Key: "b"}, {Key: "c", Skipped: "no pool yet"}}}
	f.more("claim_network_extra_ms", "a", "b")
	f.more("cold_ratio", "c", "a")
	if v := f.r.Values["claim_network_extra_ms"]; v != -2 || f.r.Skipped["cold_ratio"] != "no pool yet" {
		t.Errorf("%v, %+v", v, f.r.Skipped)
	}
	if note := f.r.Notes["claim_network_extra_ms"]; !strings.Contains(note, "20.00 and 22.00") {
		t.Errorf("the note is %q", note)
	}
}
