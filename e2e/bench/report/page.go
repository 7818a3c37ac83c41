package report

import (
	"fmt"
	"math"
	"strings"

	"glovebox/e2e/bench/sample"
)

// Page is the results in Markdown. chart is the path of the picture, as seen
// from the page; "" for none.
func (r *Results) Page(chart string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Benchmarks\n")
	line("Written by `make bench`%s; do not edit. %s.\n", map[bool]string{true: " QUICK=1"}[r.Quick], r.When)
	if r.Quick {
		line("**This was a quick run: few rounds and short loops. Its p95 and p99 say little.**\n")
	}
	line("Machine: %s.\n", r.Machine)
	line("Versions: %s.\n", strings.Join(r.Versions, "; "))
	line("All run the same job from the same root file system, with the limits a job has by default where they have such")
	line("limits. They take turns, one job each in every round, %d rounds at most after the warm-up; before each turn the machine", r.Rounds)
	line("comes to rest. Ratios are of medians. Quantiles are by nearest rank: p99 of fewer than 100 turns is the slowest.\n")
	r.goals(line)
	r.series(line)
	r.loops(line)
	r.loads(line, chart)
	r.commands(line)
	return b.String()
}

type printer func(format string, args ...any)

func (r *Results) goals(line printer) {
	line("## Goals\n\n| figure | goal | measured | |\n| --- | --- | --- | --- |")
	for _, g := range Goals {
		v, ok := r.Values[g.Key]
		verdict := "**not met**"
		if g.Met(v) {
			verdict = "met"
		}
		if note := r.Notes[g.Key]; note != "" {
			verdict += ": " + cell(note)
		}
		if !ok {
			line("| %s | %s | – | skipped: %s |", g.What, g.bound(), cell(r.Skipped[g.Key]))
			continue
		}
		line("| %s | %s | %s %s | %s |", g.What, g.bound(), figure(v), g.Unit, verdict)
	}
	if v, ok := r.Values["burst_jobs_s"]; ok {
		line("\nThe 100 jobs that were submitted at once ended at %.3g jobs/s.", v)
	}
}

func (r *Results) series(line printer) {
	line("\n## One job, in turns\n\nMilliseconds from the start of the command, the claim or the submit.\n")
	line("| | n | first byte p50 | p95 | p99 | end p50 | p95 | p99 |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, l := range r.Series {
		n := max(l.First.N, l.Exit.N)
		if n == 0 {
			line("| %s | 0 | skipped: %s | | | | | |", l.What, cell(l.Skipped))
			continue
		}
		note := ""
		if l.Warm > 0 && l.Warm < n {
			note = fmt.Sprintf(" (%d of them found a sandbox waiting)", l.Warm)
		}
		if l.Failed > 0 {
			note += fmt.Sprintf(" (%d more failed: %s)", l.Failed, cell(l.Error))
		}
		line("| %s | %d%s | %s | %s |", l.What, n, note, quantiles(l.First), quantiles(l.Exit))
	}
}

func (r *Results) loops(line printer) {
	line("\n## Sustained rate\n\nAt the best of 1, 2 and 4 jobs at a time. The time counts until nothing is left of the last job; CPU is that of the")
	line("whole machine, caller included.\n\n| | at a time | seconds | jobs | lost | jobs/s | CPU ms a job |\n| --- | --- | --- | --- | --- | --- | --- |")
	for _, l := range r.Loops {
		if l.Lanes == 0 {
			line("| %s | skipped: %s | | | | | |", l.What, cell(l.Skipped))
			continue
		}
		line("| %s | %d | %.0f | %d | %d | %.1f | %.1f |", l.What, l.Lanes, l.Seconds, l.Jobs, l.Lost, l.Rate, l.CPU)
	}
}

func (r *Results) loads(line printer, chart string) {
	line("\n## Latency against load\n\nJobs arrive at a fixed rate, whatever becomes of those before them. Milliseconds from when each should have arrived to")
	line("its first byte at the client. A hit ran in a sandbox that was waiting, a miss in one that was made for it.\n")
	if chart != "" {
		line("![latency against load](%s)\n", chart)
	}
	line("| pool | jobs/s | hits | p50 | p95 | p99 | misses | p50 | p95 | p99 | lost |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, l := range r.Loads {
		line("| %s | %g | %d | %s | %d | %s | %d |", l.Key, l.Rate, l.Hits.N, quantiles(l.Hits), l.Misses.N, quantiles(l.Misses), l.Lost)
	}
}

func (r *Results) commands(line printer) {
	line("\n## Commands\n\nThe whole: `make bench`, or `make bench QUICK=1` for a run of a few minutes. What each contestant runs (B is a bundle, ROOT")
	line("the root file system, IMAGE the image of it, ID a new name):\n")
	for _, l := range r.Series {
		if l.Command != "" && l.First.N > 0 {
			line("* %s: `%s`", l.What, l.Command)
		}
	}
}

func quantiles(s sample.Summary) string {
	if s.N == 0 {
		return "– | – | –"
	}
	return fmt.Sprintf("%s | %s | %s", ms(s.P50), ms(s.P95), ms(s.P99))
}

// figure has three digits that count, or all that are before the point.
func figure(v float64) string {
	if math.Abs(v) >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// ms has three digits that count, and no exponent.
func ms(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// cell is text that does not end a cell.
func cell(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return strings.ReplaceAll(s, "|", "/")
}
