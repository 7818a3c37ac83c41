package main

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"glovebox"
	"glovebox/e2e/bench/contest"
	"glovebox/e2e/bench/host"
	"glovebox/e2e/bench/own"
	"glovebox/e2e/bench/report"
	"glovebox/runtime/runtimetest"
)

// ours are the product's contestants: over the API, and the node alone.
func (f *field) ours() []*contest.Contestant {
	var all []*contest.Contestant
	for _, kind := range []own.Kind{own.Cold, own.Template, own.Generic} {
		for _, img := range f.images {
			all = append(all, f.submit(kind, "submit_"+string(kind)+"_"+img.Name, "API: submit, "+string(kind)+", "+img.Name, img.Name, nil))
		}
	}
	all = append(all,
		f.submit(own.Template, "submit_bound_busybox", "API: submit, template, busybox, with environment, limits, a secret and a network of its own", "busybox", own.Bound),
		f.submit(own.Generic, "submit_network_busybox", "API: submit, generic, busybox, with a network of its own", "busybox", own.Networked))
	if f.node == nil {
		return all
	}
	for _, img := range f.images {
		kinds := []string{runtimetest.ClaimCold, runtimetest.ClaimTemplate, runtimetest.ClaimGeneric}
		if img.Name == python {
			kinds = append(kinds, runtimetest.ClaimWarm)
		}
		for _, kind := range kinds {
			c, err := f.node.Contestant(kind, img)
			if err != nil {
				f.Errorf("%s cannot take part: %v", c.Key, err)
			}
			all = append(all, c)
		}
	}
	return all
}

// settle lets the machine come to rest.
func (f *field) settle(ctx context.Context) { host.Rest(ctx, f.rest) }

// submit is a contestant at the service of a kind, or a skipped one.
func (f *field) submit(kind own.Kind, key, what, image string, more func(*glovebox.Spec)) *contest.Contestant {
	s := f.services[kind]
	if s == nil {
		return own.Missing(key, what, f.missing[kind])
	}
	for _, img := range f.images {
		if img.Name == image {
			return s.Contestant(key, what, img, more)
		}
	}
	return &contest.Contestant{Key: key, What: what, Skipped: "there is no image " + image}
}

// contestant finds one; nil if there is none.
func (f *field) contestant(key string) *contest.Contestant {
	for _, c := range f.all {
		if c.Key == key {
			return c
		}
	}
	return nil
}

// turns has all take turns, and tells the ratios.
func (f *field) turns() {
	found, err := contest.Interleave(f.ctx, f.all, f.warm, f.rounds, f.length.turns, f.settle)
	f.found = found
	if err != nil {
		f.Errorf("turns: %v", err)
	}
	for _, c := range f.all {
		l := report.Line{Key: c.Key, What: c.What, Command: c.Command, Skipped: c.Skipped}
		if s := found[c.Key]; s != nil {
			l.First, l.Exit, l.Warm, l.Failed = s.First.Summary(), s.Exit.Summary(), s.Warm, s.Failed
			if s.Err != nil {
				l.Error = s.Err.Error()
				f.Errorf("%s failed %d times: %v", c.Key, s.Failed, s.Err)
			}
		}
		if l.Skipped == "" && l.First.N == 0 {
			l.Skipped = "no turn of it counted"
		}
		f.r.Series = append(f.r.Series, l)
	}
	f.ratio("claim_template_ratio", "claim_template_busybox", "runc_busybox")
	f.ratio("claim_generic_ratio", "claim_generic_busybox", "runc_busybox")
	f.ratio("python_ratio", "claim_warm_python", "runc_python")
	f.ratio("submit_ratio", "submit_template_busybox", "runc_busybox")
	f.ratio("bound_ratio", "submit_bound_busybox", "submit_template_busybox")
	f.ratio("cold_ratio", "submit_cold_busybox", "runsc_busybox")
	f.more("claim_network_extra_ms", "submit_network_busybox", "submit_generic_busybox")
	f.r.Ratio("submit_p99_over_p50", f.first("submit_template_busybox", 0.99), f.first("submit_template_busybox", 0.5), f.why("submit_template_busybox"))
	f.teardown()
}

// ratio is that of two contestants' medians to the first byte.
func (f *field) ratio(key, of, to string) {
	why := f.why(of)
	if why == "" {
		why = f.why(to)
	}
	f.r.Ratio(key, f.first(of, 0.5), f.first(to, 0.5), why)
}

// more is what one contestant's median to the first byte is above another's, in
// milliseconds; it may be below.
func (f *field) more(key, of, than string) {
	a, b := f.first(of, 0.5), f.first(than, 0.5)
	if math.IsNaN(a) || math.IsNaN(b) {
		f.r.Skip(key, cmp.Or(f.why(of), f.why(than), "there was nothing to tell it from"))
		return
	}
	f.r.Set(key, a-b)
	f.r.Notes[key] = fmt.Sprintf("medians %.2f and %.2f ms, n=%d and %d", a, b, len(f.found[of].First), len(f.found[than].First))
}

// first is a quantile of a contestant's times to the first byte; NaN if it has
// none.
func (f *field) first(key string, q float64) float64 {
	if s := f.found[key]; s != nil {
		return s.First.At(q)
	}
	return math.NaN()
}

// why says why a contestant has no times.
func (f *field) why(key string) string {
	switch c := f.contestant(key); {
	case c == nil:
		return "there is no " + key
	default:
		return c.Skipped
	}
}

// teardown is that of a pool's sandbox, or of a cold one while there is none.
func (f *field) teardown() {
	if f.node == nil {
		f.r.Skip("teardown_ms", "the node was not measured alone")
		return
	}
	for _, kind := range []own.Kind{own.Template, own.Generic, own.Cold} {
		s := f.node.Teardown["claim_"+string(kind)+"_busybox"]
		if s == nil || len(*s) == 0 {
			continue
		}
		if _, done := f.r.Values["teardown_ms"]; !done {
			f.r.Set("teardown_ms", s.At(0.5))
			f.r.Notes["teardown_ms"] = "sandboxes of kind " + string(kind)
		}
		f.r.Series = append(f.r.Series, report.Line{
			Key: "teardown_" + string(kind), What: "node alone: end of a job → nothing left, " + string(kind), Exit: s.Summary(),
		})
	}
	if _, done := f.r.Values["teardown_ms"]; !done {
		f.r.Skip("teardown_ms", f.why("claim_template_busybox"))
	}
}
