package shimtest

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Samples are durations of one kind of run, or of one phase of it.
type Samples struct{ all []time.Duration }

// Add adds one.
func (s *Samples) Add(d time.Duration) { s.all = append(s.all, d) }

// Quantile of what was added.
func (s *Samples) Quantile(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(s.all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Report puts median and 95th percentile into the benchmark's result.
func (s *Samples) Report(b *testing.B, name string) {
	for _, q := range []float64{0.5, 0.95} {
		b.ReportMetric(float64(s.Quantile(q).Microseconds())/1000, fmt.Sprintf("%s-p%.0f-ms", name, q*100))
	}
}
