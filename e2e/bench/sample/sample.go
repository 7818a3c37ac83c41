// Package sample describes series of measurements by the values that some share
// of them does not exceed.
package sample

import (
	"math"
	"slices"
	"time"
)

// Series are measurements in milliseconds, in the order they were taken.
type Series []float64

// Add appends a duration.
func (s *Series) Add(d time.Duration) { *s = append(*s, float64(d)/float64(time.Millisecond)) }

// At is the quantile q, from 0 to 1, by nearest rank: the least measurement
// that at least the share q of all does not exceed. NaN of none.
func (s Series) At(q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Summary is what is told of a series, in milliseconds.
type Summary struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Summary summarizes; the zero Summary of none.
func (s Series) Summary() Summary {
	if len(s) == 0 {
		return Summary{}
	}
	return Summary{N: len(s), P50: s.At(0.5), P95: s.At(0.95), P99: s.At(0.99), Max: s.At(1)}
}

// Ratio is a to b; false if either cannot be told.
func Ratio(a, b float64) (float64, bool) {
	if math.IsNaN(a) || math.IsNaN(b) || math.IsInf(a, 0) || math.IsInf(b, 0) || b <= 0 {
		return 0, false
	}
	return a / b, true
}
