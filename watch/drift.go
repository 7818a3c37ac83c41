package watch

import (
	"cmp"
	"maps"
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
	newTry    = 0.5  // to ask for a name or address that is refused
	newProof  = 0.9  // … one that no policy can open
	morePeak  = 0.1  // twice as much memory or disk, or twice as many tasks
	newOfMany = 0.01 // each thing after the tenth of its kind
)

// DriftOf compares the profile of a run with that of earlier ones. A profile of
// no run explains nothing and is not drifted from: the score is 0.
func DriftOf(p, run glovebox.Profile) Drift {
	tried := map[string]float64{}
	for _, what := range run.Tried {
		tried[what] = newTry
	}
	lines := drifted(p, run, tried)
	left := 1.0
	for _, l := range lines {
		left *= 1 - l.Weight
	}
	return Drift{Score: digit2(1 - left), Lines: lines[:min(len(lines), MaxDriftLines)]}
}

// drifted are all lines, the worst first. tried is what the network refused,
// and what it weighs.
func drifted(p, run glovebox.Profile, tried map[string]float64) (all lines) {
	if p.Runs == 0 {
		return nil
	}
	if len(p.Calls) > 0 {
		all.news("system call ", p.Calls, run.Calls, func(name string) float64 {
			if callWeights[name] > 0 || escapeWeights[name] > 0 {
				return newProbe
			}
			return newCall
		})
	}
	always := func(w float64) func(string) float64 { return func(string) float64 { return w } }
	if len(p.Execs) > 0 {
		all.news("program ", p.Execs, run.Execs, always(newExec))
	}
	all.news("listens at ", p.Binds, run.Binds, always(newBind))
	all.news("refused: ", p.Tried, slices.Sorted(maps.Keys(tried)), func(what string) float64 { return tried[what] })
	all.news("observed: ", p.Kinds, run.Kinds, func(kind string) float64 {
		switch kind {
		case glovebox.ObserveExec, glovebox.ObserveBind, glovebox.ObserveConnect, glovebox.ObserveDNS:
			return 0 // which ones is what counts
		}
		return newKind
	})
	for _, peak := range []struct {
		what     string
		had, has uint64
		atLeast  uint64 // more than before: twice of next to nothing says nothing
	}{
		{"memory", uint64(p.Memory), uint64(run.Memory), 16 << 20}, {"disk", uint64(p.Disk), uint64(run.Disk), 16 << 20}, {"tasks", p.Tasks, run.Tasks, 4},
	} {
		if peak.had > 0 && peak.has > 2*peak.had && peak.has-peak.had >= peak.atLeast {
			all = append(all, DriftLine{"more than twice the " + peak.what, morePeak})
		}
	}
	slices.SortStableFunc(all, func(a, b DriftLine) int { return cmp.Compare(b.Weight, a.Weight) })
	return all
}

type lines []DriftLine

// news adds what is in now and not in before. Both are sorted.
func (all *lines) news(what string, before, now []string, weigh func(string) float64) {
	const few = 10
	n := 0
	for _, x := range now {
		weight := weigh(x)
		if has(before, x) || weight == 0 {
			continue
		}
		if n++; n > few {
			weight = min(weight, newOfMany)
		}
		*all = append(*all, DriftLine{Line(what + x), weight})
	}
}

// digit2 is a score with two digits.
func digit2(score float64) float64 { return float64(int(score*100+0.5)) / 100 }

// drift is the rule about leaving a profile. What is seen adds up, and so a run
// is held against it before it has ended.
func (w *Watch) drift(c *charge) {
	if w.profile == nil {
		return
	}
	for _, l := range drifted(*w.profile, ProfileOf(w.seen), w.net.strange) {
		c.add(l.Weight, 1, w.at, "%s", l.What)
	}
}
