package watch

import (
	"slices"

	"glovebox"
)

// Drift is how far a run left what earlier ones did.
type Drift struct {
	// Score is 0 for a run that stayed within, and nears 1 the more it left.
	Score float64 `json:"score"`
	// Lines say what it did for the first time, the worst first, each printable
	// and short; at most MaxDriftLines.
	Lines []DriftLine `json:"lines,omitempty"`
}

// DriftLine is one thing that no earlier run did.
type DriftLine struct {
	What   string  `json:"what"`
	Weight float64 `json:"weight"` // 0–1: its share of what was left of the score
}

// MaxDriftLines bounds Drift.Lines; the score counts all.
const MaxDriftLines = 32

// How much it says that a run does for the first time …
const (
	newCall   = 0.05 // a system call
	newProbe  = 0.4  // … for privileges
	newExec   = 0.3  // a program
	newBind   = 0.2  // to listen at a port
	newKind   = 0.3  // a kind of thing that is out of the ordinary
	morePeak  = 0.1  // twice as much memory, or twice as many tasks
	newOfMany = 0.01 // each thing after the tenth of its kind
)

// DriftOf compares a run with the profile of earlier ones. A profile of no run
// explains nothing and is not drifted from: the score is 0.
func DriftOf(p Profile, o glovebox.Observed) Drift {
	var d Drift
	if p.Runs == 0 {
		return d
	}
	now := ProfileOf(o)
	if len(p.Calls) > 0 {
		d.news("system call ", p.Calls, now.Calls, func(name string) float64 {
			if callWeights[name] > 0 || escapeWeights[name] > 0 {
				return newProbe
			}
			return newCall
		})
	}
	always := func(w float64) func(string) float64 { return func(string) float64 { return w } }
	if len(p.Execs) > 0 {
		d.news("program ", p.Execs, now.Execs, always(newExec))
	}
	d.news("listens at ", p.Binds, now.Binds, always(newBind))
	d.news("observed: ", p.Kinds, now.Kinds, func(kind string) float64 {
		switch kind {
		case glovebox.ObserveExec, glovebox.ObserveBind, glovebox.ObserveConnect, glovebox.ObserveDNS:
			return 0 // which ones is what counts
		}
		return newKind
	})
	if p.Memory > 0 && now.Memory > 2*p.Memory {
		d.Lines = append(d.Lines, DriftLine{"more than twice the memory", morePeak})
	}
	if p.Tasks > 0 && now.Tasks > 2*p.Tasks {
		d.Lines = append(d.Lines, DriftLine{"more than twice as many tasks", morePeak})
	}
	d.sum()
	return d
}

// news adds what is in now and not in before. Both are sorted.
func (d *Drift) news(what string, before, now []string, weigh func(string) float64) {
	const few = 10
	n := 0
	for _, x := range now {
		if _, known := slices.BinarySearch(before, x); known {
			continue
		}
		weight := weigh(x)
		if weight == 0 {
			continue
		}
		if n++; n > few {
			weight = min(weight, newOfMany)
		}
		d.Lines = append(d.Lines, DriftLine{Line(what + x), weight})
	}
}

// sum makes the score, and orders and bounds the lines.
func (d *Drift) sum() {
	left := 1.0
	for _, l := range d.Lines {
		left *= 1 - l.Weight
	}
	d.Score = float64(int((1-left)*100+0.5)) / 100
	slices.SortStableFunc(d.Lines, func(a, b DriftLine) int {
		switch {
		case a.Weight > b.Weight:
			return -1
		case a.Weight < b.Weight:
			return 1
		}
		return 0
	})
	d.Lines = d.Lines[:min(len(d.Lines), MaxDriftLines)]
}
