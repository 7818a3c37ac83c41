package report

import (
	"encoding/json"
	"maps"
	"math"

	"glovebox/e2e/bench/contest"
	"glovebox/e2e/bench/sample"
)

// Results are what one run has found.
type Results struct {
	Quick    bool
	When     string
	Machine  string
	Versions []string
	Rounds   int

	Values  map[string]float64 // figures by key, those of Goals and others
	Skipped map[string]string  // why a figure was not measured
	Notes   map[string]string  // what else must be known of one

	Series []Line
	Loops  []Loop
	Loads  []Load
}

// Line is one contestant's turns.
type Line struct {
	Key     string         `json:"key"`
	What    string         `json:"what"`
	Command string         `json:"command,omitempty"`
	First   sample.Summary `json:"first"` // ms to the first byte
	Exit    sample.Summary `json:"exit"`  // ms until the end was known
	Warm    int            `json:"warm"`
	Failed  int            `json:"failed"`
	Error   string         `json:"error,omitempty"` // the last one
	Skipped string         `json:"skipped,omitempty"`
}

// Loop is one contestant's sustained rate.
type Loop struct {
	Key     string `json:"key"`
	What    string `json:"what"`
	Skipped string `json:"skipped,omitempty"`
	contest.Loop
}

// Load is what jobs waited for at one rate of arrivals.
type Load struct {
	Key    string         `json:"key"`
	Rate   float64        `json:"jobsPerSecond"`
	Hits   sample.Summary `json:"hits"`
	Misses sample.Summary `json:"misses"`
	Lost   int            `json:"lost"`
}

// New makes Results with nothing in them.
func New() *Results {
	return &Results{
		Values: map[string]float64{}, Skipped: map[string]string{}, Notes: map[string]string{},
		Series: []Line{}, Loops: []Loop{}, Loads: []Load{},
	}
}

// Set notes a figure.
func (r *Results) Set(key string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		r.Skip(key, "there was nothing to tell it from")
		return
	}
	r.Values[key] = v
	delete(r.Skipped, key)
}

// Skip notes why there is no figure.
func (r *Results) Skip(key, why string) {
	if _, ok := r.Values[key]; !ok {
		r.Skipped[key] = why
	}
}

// Ratio notes a to b, or why there is no such figure.
func (r *Results) Ratio(key string, a, b float64, why string) {
	if v, ok := sample.Ratio(a, b); ok {
		r.Set(key, v)
		return
	}
	if why == "" {
		why = "there was nothing to tell it from"
	}
	r.Skip(key, why)
}

// Finish gives each figure that nobody spoke of the reason why.
func (r *Results) Finish(why string) {
	for _, g := range Goals {
		if _, ok := r.Values[g.Key]; !ok && r.Skipped[g.Key] == "" {
			r.Skipped[g.Key] = why
		}
	}
}

// JSON has each figure under its own key, and under skipped the reasons for
// those that are not there.
func (r *Results) JSON() ([]byte, error) {
	all := map[string]any{
		"quick": r.Quick, "when": r.When, "machine": r.Machine, "versions": r.Versions, "rounds": r.Rounds,
		"skipped": r.Skipped, "notes": r.Notes, "series": r.Series, "loops": r.Loops, "loads": r.Loads,
	}
	values := map[string]any{}
	for k, v := range r.Values {
		values[k] = v
	}
	maps.Copy(all, values)
	data, err := json.MarshalIndent(all, "", "  ")
	return append(data, '\n'), err
}
