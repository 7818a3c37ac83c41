package main

import (
	"fmt"

	"glovebox/e2e/bench/chart"
	"glovebox/e2e/bench/contest"
	"glovebox/e2e/bench/host"
	"glovebox/e2e/bench/own"
	"glovebox/e2e/bench/report"
	"glovebox/e2e/bench/sample"
)

// loops tells what each can keep up.
func (f *field) loops() {
	ran := map[string]contest.Loop{}
	lost, ours := 0, false
	for _, key := range []string{"runc_busybox", "runsc_busybox", "submit_cold_busybox", "submit_generic_busybox", "submit_template_busybox"} {
		c := f.contestant(key)
		if c == nil {
			continue
		}
		l := report.Loop{Key: key, What: c.What, Skipped: c.Skipped}
		if c.Skipped == "" {
			f.settle(f.ctx)
			loop, err := contest.Sustained(f.ctx, c, []int{1, 2, 4}, f.try, f.loop, host.Busy)
			l.Loop = loop
			if err != nil {
				f.Errorf("loop of %s: %v", key, err)
				l.Skipped, l.Lanes = err.Error(), 0
			}
			if loop.Lost > 0 {
				f.Errorf("loop of %s lost %d jobs: %s", key, loop.Lost, loop.Err)
			}
			ran[key] = loop
			if c.Settle != nil {
				lost, ours = lost+loop.Lost, true
			}
		}
		f.r.Loops = append(f.r.Loops, l)
	}
	for _, kind := range []string{"template", "generic"} {
		key := "submit_" + kind + "_busybox"
		if loop, ok := ran[key]; ok {
			f.r.Ratio("throughput_"+kind+"_ratio", loop.Rate, ran["runsc_busybox"].Rate, "")
			f.spent(kind, loop, ran["runsc_busybox"])
		} else {
			f.r.Skip("throughput_"+kind+"_ratio", f.why(key))
		}
	}
	if ours {
		f.r.Set("throughput_lost", float64(lost))
	}
}

// spent tells what CPU time of the whole machine a job took, beside what one of
// runsc's took in the same run.
func (f *field) spent(kind string, ours, runsc contest.Loop) {
	if ours.Jobs == 0 || runsc.Jobs == 0 {
		return
	}
	f.r.Set("throughput_"+kind+"_cpu_ms", ours.CPU)
	f.r.Set("throughput_runsc_cpu_ms", runsc.CPU)
	f.r.Notes["throughput_"+kind+"_ratio"] = fmt.Sprintf("%.1f ms of CPU a job, runsc %.1f", ours.CPU, runsc.CPU)
}

// loads has jobs arrive at a rate, at the pools that there are.
func (f *field) loads() {
	pools := 0
	for _, kind := range []own.Kind{own.Template, own.Generic, own.Cold} {
		c := f.contestant("submit_" + string(kind) + "_busybox")
		if c == nil || c.Skipped != "" {
			continue
		}
		if pools++; pools > f.pools {
			return
		}
		for _, rate := range []float64{1, 5, 10, 20, 40} {
			f.settle(f.ctx)
			l, err := contest.Arrive(f.ctx, c, rate, f.load)
			if err != nil {
				return
			}
			if l.Lost > 0 {
				f.Errorf("at %g jobs/s, %s: %d were lost: %v", rate, kind, l.Lost, l.Err)
			}
			f.r.Loads = append(f.r.Loads, report.Load{Key: string(kind), Rate: rate, Hits: l.Hits.Summary(), Misses: l.Misses.Summary(), Lost: l.Lost})
		}
	}
}

// picture is the chart of the first pool's loads.
func picture(loads []report.Load) string {
	c := chart.Chart{X: "jobs that arrive in a second", Y: "ms from arrival to first byte"}
	for _, side := range []struct {
		name, colour string
		of           func(report.Load) sample.Summary
	}{
		{"hit", "#0072b2", func(l report.Load) sample.Summary { return l.Hits }},
		{"miss", "#d55e00", func(l report.Load) sample.Summary { return l.Misses }},
	} {
		for _, q := range []struct {
			name, dash string
			of         func(sample.Summary) float64
		}{
			{"p50", "", func(s sample.Summary) float64 { return s.P50 }},
			{"p95", "8 4", func(s sample.Summary) float64 { return s.P95 }},
			{"p99", "2 3", func(s sample.Summary) float64 { return s.P99 }},
		} {
			line := chart.Line{Name: side.name + " " + q.name, Colour: side.colour, Dash: q.dash}
			for _, l := range loads {
				if s := side.of(l); s.N > 0 && l.Key == loads[0].Key {
					line.Points = append(line.Points, chart.Point{X: l.Rate, Y: q.of(s)})
				}
			}
			c.Lines = append(c.Lines, line)
		}
	}
	if len(loads) > 0 {
		c.Title = "Submit to first byte against load (" + loads[0].Key + ")"
	}
	return c.SVG()
}
