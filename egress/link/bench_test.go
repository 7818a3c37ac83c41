package link

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// timed reports the quantiles of what do takes; it is called for each of n.
func timed(b *testing.B, name string, n int, do func(i int) error) time.Duration {
	b.Helper()
	var took []time.Duration
	for i := range n {
		begin := time.Now()
		if err := do(i); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	half, most := took[n/2], took[n*95/100]
	b.ReportMetric(float64(half.Microseconds()), name+"-p50-µs")
	b.ReportMetric(float64(most.Microseconds()), name+"-p95-µs")
	return half
}

// BenchmarkLife times each step of a slot's life, with 60 slots.
func BenchmarkLife(b *testing.B) {
	n := start(b, config(b))
	id := func(i int) string { return fmt.Sprintf("s%d", i) }
	to := netip.MustParseAddrPort(out4)
	for b.Loop() {
		const slots = 60
		timed(b, "make", slots, func(i int) error { _, err := n.Make(b.Context(), id(i)); return err })
		timed(b, "raise", slots, func(i int) error { return n.Raise(b.Context(), id(i)) })
		timed(b, "pin", slots, func(i int) error {
			return n.Pin(b.Context(), id(i), []Pin{{to.Addr(), to.Port(), time.Minute}})
		})
		timed(b, "lower", slots, func(i int) error { return n.Lower(b.Context(), id(i)) })
		timed(b, "remove", slots, func(i int) error { return n.Remove(id(i)) })
	}
}

// BenchmarkConnect compares setting up connections with one pin and with 500.
func BenchmarkConnect(b *testing.B) {
	n := start(b, config(b))
	s := n.slot(b, "a")
	refused := netip.MustParseAddrPort(other4).String()
	connect := func(int) error {
		c, err := dial(b, s, "tcp", out4)
		if err == nil {
			c.Close()
		}
		return err
	}
	for b.Loop() {
		n.pin(b, "a", time.Hour, out4)
		timed(b, "refused", 1000, func(int) error { _, _ = dial(b, s, "tcp", refused); return nil })
		one := timed(b, "one-pin", 1000, connect)
		for i := range 499 {
			n.pin(b, "a", time.Hour, fmt.Sprintf("93.1.%d.%d:443", i/250, i%250+1))
		}
		many := timed(b, "500-pins", 1000, connect)
		b.ReportMetric(float64(many)/float64(one), "500-to-1")
		if err := n.UnpinAll(b.Context(), "a"); err != nil {
			b.Fatal(err)
		}
	}
}
